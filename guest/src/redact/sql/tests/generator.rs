//! Statements with literals that are known, from seeds.

use super::Dialect;

/// A statement, and texts that must not survive.
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) secrets: Vec<String>,
    /// It holds something that settings of the server decide, and may be refused.
    pub(super) may_be_refused: bool,
}

/// Xorshift: the same statements on every machine.
pub(super) struct Generator {
    state: u64,
    dialect: Dialect,
    secrets: Vec<String>,
    may_be_refused: bool,
}

impl Generator {
    pub(super) fn new(seed: u64, dialect: Dialect) -> Self {
        Generator { state: seed | 1, dialect, secrets: Vec::new(), may_be_refused: false }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(super) fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    pub(super) fn statement(&mut self) -> Statement {
        let sql = match self.below(9) {
            0 | 1 => self.select(),
            2 => format!("INSERT INTO {} VALUES{}({})", self.name(), self.gap(), self.literals()),
            3 => format!(
                "UPDATE {} SET a{}={}{} WHERE {}",
                self.name(),
                self.gap(),
                self.gap(),
                self.literal(),
                self.condition()
            ),
            4 => format!("DELETE FROM {} WHERE {}", self.name(), self.condition()),
            5 => format!(
                "CREATE TABLE {}(a int DEFAULT {}, b varchar({}) DEFAULT {})",
                self.name(),
                self.number(),
                self.number(),
                self.string()
            ),
            6 => format!("EXECUTE p({});{}CALL q{}({})", self.literals(), self.gap(), self.gap(), self.literals()),
            7 => self.password(),
            _ => format!("{};{}{}", self.select(), self.gap(), self.select()),
        };
        let may_be_refused = std::mem::take(&mut self.may_be_refused);
        Statement { sql, secrets: std::mem::take(&mut self.secrets), may_be_refused }
    }

    fn select(&mut self) -> String {
        let hint = if self.below(4) == 0 { self.comment() } else { " ".to_string() };
        format!(
            "SELECT{hint}{}, a.b, count(*){}FROM {} AS x WHERE {} AND {} LIMIT {}",
            self.literal(),
            self.gap(),
            self.name(),
            self.condition(),
            self.condition(),
            self.number(),
        )
    }

    fn condition(&mut self) -> String {
        match self.below(4) {
            0 => format!("a{}={}{}", self.gap(), self.gap(), self.literal()),
            1 => format!("b IN ({})", self.literals()),
            2 => format!("(c LIKE {} OR d < -{})", self.string(), self.number()),
            _ => format!("e BETWEEN {}{}AND{}{}", self.literal(), self.gap(), self.gap(), self.literal()),
        }
    }

    fn password(&mut self) -> String {
        match self.dialect {
            Dialect::Oracle => {
                let quoted = if self.below(2) == 0 { "\"" } else { "" };
                let (new, old) = (self.marker(), self.marker());
                format!("ALTER USER u IDENTIFIED{}BY{}{quoted}{new}{quoted} REPLACE {old}", self.gap(), self.gap())
            }
            Dialect::PostgreSql => format!("ALTER ROLE r WITH{}PASSWORD{}{}", self.gap(), self.gap(), self.string()),
            Dialect::MySql => format!("CREATE USER 'u'@'h' IDENTIFIED BY{}{}", self.gap(), self.string()),
            Dialect::SqlServer => format!("CREATE LOGIN l WITH PASSWORD{}= {}", self.gap(), self.string()),
        }
    }

    fn literals(&mut self) -> String {
        let all: Vec<String> = (0..=self.below(4)).map(|_| self.literal()).collect();
        all.join(if self.below(2) == 0 { "," } else { " ,\t" })
    }

    fn literal(&mut self) -> String {
        if self.below(3) == 0 { self.number() } else { self.string() }
    }

    fn name(&mut self) -> String {
        let names: &[&str] = match self.dialect {
            Dialect::PostgreSql => &["t1", "public.t", "\"T 'x\"", "\"a\"\"b\"", "été", "a$1"],
            Dialect::MySql => &["t1", "db.t", "`T 'x`", "`a``b`", "été", "a$1"],
            Dialect::Oracle => &["t1", "s.t", "\"T 'x\"", "v$session", "été", "a#1"],
            Dialect::SqlServer => &["t1", "dbo.t", "[T 'x]", "[a]]b]", "été", "#tmp", "@v"],
        };
        self.pick(names).to_string()
    }

    /// White space or a comment.
    fn gap(&mut self) -> String {
        match self.below(8) {
            0 => self.comment(),
            1 => "\n".to_string(),
            2 => " \t\r\n".to_string(),
            _ => " ".to_string(),
        }
    }

    fn comment(&mut self) -> String {
        let marker = self.marker();
        let odd = self.pick(&["", "'", "\"", "it's", ";", "$$", "--", "`", "[", "q'["]);
        match (self.below(4), self.dialect) {
            (0, _) => format!(" -- {odd}{marker} {odd}\n"),
            (1, Dialect::PostgreSql | Dialect::SqlServer) => format!(" /* {odd} /* {marker} */ {odd} {marker}*/ "),
            (1, Dialect::MySql) => format!("# {odd}{marker}\n"),
            (2, Dialect::MySql) => {
                self.may_be_refused = true;
                format!(" /*!50001 {} */ ", self.string())
            }
            (2, Dialect::Oracle) => format!(" /*+ {marker} */ "),
            _ => format!("/*{odd}{marker}*/"),
        }
    }

    fn number(&mut self) -> String {
        let digits = format!("8{:08}", self.next() % 100_000_000);
        self.secrets.push(digits.clone());
        match self.below(8) {
            0 => format!("{digits}.5"),
            1 => format!("0.{digits}"),
            2 => format!(".{digits}"),
            3 => format!("{digits}e-{digits}"),
            4 => format!("0x{digits}"),
            5 if self.dialect == Dialect::Oracle => format!("{digits}d"),
            5 if self.dialect == Dialect::SqlServer => format!("${digits}"),
            _ => digits,
        }
    }

    fn string(&mut self) -> String {
        let marker = self.marker();
        let common = ["", " ", "--", "/*", "*/", ";", "#", "?", "é☃", "\n", "{}", "it", "$", "$$", "[", "]", "`", "%_"];
        let mut body = String::new();
        for _ in 0..self.below(4) {
            body.push_str(self.pick(&common));
        }
        body.push_str(&marker);
        for _ in 0..self.below(3) {
            body.push_str(self.pick(&common));
        }
        let doubled = if self.below(3) == 0 { "''" } else { "" };
        let plain = format!("{doubled}{body}{doubled}");
        match (self.dialect, self.below(8)) {
            (Dialect::PostgreSql, 0) => format!("E'\\'{body}\\\\'"),
            (Dialect::PostgreSql, 1) => format!("$x${body}'$x$"),
            (Dialect::PostgreSql, 2) => format!("U&'\\0041{plain}'"),
            (Dialect::PostgreSql, 3) if self.below(4) == 0 => {
                self.may_be_refused = true;
                format!("'{plain}\\'")
            }
            (Dialect::PostgreSql, 4) => format!("'\\a{plain}'"),
            (Dialect::MySql, 0) => {
                self.may_be_refused = true;
                format!("'\\'{body}\\\\'")
            }
            (Dialect::MySql, 1) => {
                self.may_be_refused = true;
                format!("\"it's {body}\\\"\"\"\"")
            }
            (Dialect::MySql, 2) => format!("_utf8mb4'{plain}'"),
            (Dialect::MySql, 3) => format!("'{plain}' \"{body}\""),
            (Dialect::Oracle, 0) => format!("q'~{body}'it's~'"),
            (Dialect::Oracle, 1) => format!("nq'<it's {body}>'"),
            (Dialect::Oracle, 2) => format!("'{plain}\\'"),
            (Dialect::SqlServer, 0) => format!("'{plain}\\'"),
            (Dialect::SqlServer, 1) => format!("\"it's {body}\""),
            (_, 5) => format!("N'{plain}'"),
            _ => format!("'{plain}'"),
        }
    }

    fn marker(&mut self) -> String {
        let marker = format!("zq{}zq", self.next() % 1_000_000_000);
        self.secrets.push(marker.clone());
        marker
    }
}
