//! Each kind of literal in each dialect.

use super::Dialect::{MySql, Oracle, PostgreSql, SqlServer};
use super::*;

#[track_caller]
fn check(dialects: &[Dialect], cases: &[(&str, &str)]) {
    for dialect in dialects {
        for (sql, expected) in cases {
            assert_eq!(masked(sql, *dialect).as_deref(), Some(*expected), "{dialect:?}: {sql}");
        }
    }
}

#[track_caller]
fn refused(dialects: &[Dialect], statements: &[&str]) {
    for dialect in dialects {
        for sql in statements {
            assert_eq!(masked(sql, *dialect), None, "{dialect:?}: {sql}");
        }
    }
}

#[test]
fn what_all_dialects_share() {
    check(
        &DIALECTS,
        &[
            ("", ""),
            ("SELECT 1", "SELECT ?"),
            ("SELECT a1, b_2 FROM t3 WHERE x='y'", "SELECT a1, b_2 FROM t3 WHERE x=?"),
            ("select 'it''s', '', N'n', n'm'", "select ?, ?, ?, ?"),
            ("1.5 .5 1. 1e10 1E-5 1.5e+3 0xFF 0X1f 1_000", "? ? ? ? ? ? ? ? ?"),
            ("-1+2*3/4%5", "-?+?*?/?%?"),
            ("a.b.c, t.*", "a.b.c, t.*"),
            ("x in (1,2,3)", "x in (?,?,?)"),
            ("a -- c 'd'\nb", "a ?\nb"),
            ("a -- c", "a ?"),
            ("a --\r\nb", "a ?\r\nb"),
            ("a/* b */c /**/ /***/ d", "a?c ? ? d"),
            ("SELECT */* x */ FROM t", "SELECT *? FROM t"),
            ("select été, 名前 from ☃ where é='é'", "select été, 名前 from ☃ where é=?"),
            ("a\t\n b", "a\t\n b"),
            ("FOR i IN 1..10", "FOR i IN ?..?"),
            ("x\u{a0}5", "x\u{a0}?"),
            ("price>€10", "price>€?"),
        ],
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    refused(
        &DIALECTS,
        &[
            "SELECT 'abc",
            "SELECT 'abc''",
            "SELECT 'a' 'b",
            "SELECT \"abc",
            "/* abc",
            "a */ b",
            "SELECT \\ 1",
            "SELECT \u{1}",
            "SELECT \0",
            "SELECT \u{7f}",
            "\u{b}",
        ],
    );
    refused(&[PostgreSql, SqlServer], &["/* /* */ 'a'"]);
    refused(&[MySql, Oracle], &["/* /* */ a */ 'b'", "/* a /* b */ c */"]);
    refused(&[PostgreSql, Oracle, SqlServer], &["SELECT `a`"]);
    refused(&[MySql, SqlServer], &["a]"]);
    // Whether the letter belongs to the number or to the string depends on the version.
    refused(&DIALECTS, &["1e'a'", "1q'[a]'", "0x'a'"]);
    refused(&[PostgreSql], &["a $ b", "$x", "SELECT $$abc", "SELECT $a$abc$b$", "$a$ $A$"]);
    refused(&[Oracle], &["q'[abc'", "q' abc '", "q'", "nq'(abc)"]);
    refused(&[SqlServer], &["SELECT [abc", "[a]]"]);
    refused(&[MySql], &["SELECT `abc", "SELECT [1]"]);
    // A lone carriage return ends a comment in some engines.
    refused(&[MySql, Oracle, SqlServer], &["-- a\rSELECT 1"]);
    check(&[PostgreSql], &[("-- a\rSELECT 1", "?\rSELECT ?")]);
}

#[test]
fn postgresql() {
    check(
        &[PostgreSql],
        &[
            ("SELECT \"Name\", U&\"d\\0061t\" FROM \"it\"\"s\"", "SELECT \"Name\", U&\"d\\0061t\" FROM \"it\"\"s\""),
            (r"E'it\'s' e'\\' E'a''b'", "? ? ?"),
            (r"'C:\tmp' 'a\\'", "? ?"),
            (r"U&'\0061' u&'x'", "? ?"),
            ("B'01' x'ff' X'FF'", "? ? ?"),
            ("$$it's$$ $a$ $$ 'x $a$ $_é1$;$_é1$", "? ? ?"),
            ("$1 + $23::int", "$1 + $23::int"),
            ("a$b$c$d$ 1$$x y$$", "a$b$c$d$ ??"),
            ("/* a /* b */ 'c */ d", "? d"),
            ("a#5 #6 a[1:2] @7 a->>'k' ~*'r' ?|'{}'", "a#? #? a[?:?] @? a->>? ~*? ?|?"),
            ("x::numeric(10,2) := :v", "x::numeric(?,?) := :v"),
            ("q'[a]'", "q?"),
            ("interval '1 day' date'2020-01-01'", "interval ? date?"),
        ],
    );
    // With `standard_conforming_strings` off this is one string.
    refused(&[PostgreSql], &[r"'it\'s secret'", r"'a\' b '", r"'C:\tmp\'", r"N'a\'b'"]);
}

#[test]
fn mysql() {
    check(
        &[MySql],
        &[
            (r#"SELECT `a``b`, "it""s", "it's", 'it"s'"#, "SELECT `a``b`, ?, ?, ?"),
            (r"'it\'s' 'don\'t' '\\' 'a\\' '\n'", "? ? ? ? ?"),
            (r#""a\"b" '\"' "\'""#, "? ? ?"),
            ("_utf8'a' _utf8mb4\"b\" _binary 'c' X'4D' b'01' 0b01", "? ? _binary ? ? ? ?"),
            ("a # c 'd\nb", "a ?\nb"),
            ("1--1 1-- 1", "?--? ??"),
            ("1 -- \n2", "? ?\n?"),
            ("/*!50000 SELECT 'x' */ a", "? a"),
            ("/*!40000 ALTER TABLE `x` DISABLE KEYS */;", "?;"),
            ("SELECT /*+ SET_VAR(x=1) */ a", "SELECT ? a"),
            ("'u'@'%' root@localhost @v @'w' @@global.x", "?@? root@localhost @v @? @@global.x"),
            ("$a $b", "$a $b"),
            ("AS $$ return 'x' $$", "AS ?"),
            ("2020_sales db.2020_x", "? db?"),
            ("{d '2020-01-01'}", "{d ?}"),
        ],
    );
    // Inside, a string holds the end of the comment; or a comment would hide it.
    refused(&[MySql], &["/*!50000 SELECT 'a*/secret' */", "/*!1 -- */ 'x'", "/*!1 /* */ */", "/*+ 'a */ 'b'"]);
    // Without backslash escapes both would be two strings and a word.
    refused(&[MySql], &[r"VALUES('C:\','secret -- ','D:\','x')"]);
}

#[test]
fn mysql_as_its_audit_log_escapes_it() {
    check(
        &[MySql],
        &[
            (r"SELECT \'it\\\'s\', \'b\' FROM t", "SELECT ?, ? FROM t"),
            (r"SELECT a\nFROM t\tWHERE x = \'y\'", "SELECT a\nFROM t\tWHERE x = ?"),
            (r#"SELECT "it\'s" FROM \nt"#, "SELECT ? FROM \nt"),
            (r#"SELECT \"x\" FROM t"#, "SELECT ? FROM t"),
            // Line breaks as they are.
            ("SELECT a,\n\\'b\nc\\' -- it\\'s d\r\nFROM t", "SELECT a,\n? ?\r\nFROM t"),
            ("INSERT INTO t VALUES\n(1,\\'a\\'),\n(2,\\'b\\')", "INSERT INTO t VALUES\n(?,?),\n(?,?)"),
        ],
    );
    refused(
        &[MySql],
        &[
            r"SELECT \n 'it\'s secret\'s'",
            r"SELECT \'a",
            r"SELECT \'it\\\'s secret\', \'abc",
            r#"SELECT \n "a\\","secret","b\\""#,
            r#"SELECT \n "a\"b""#,
            r"SELECT \q",
            "SELECT \\'a\n\\', \\'b",
            "SELECT \\'a\\',\n'b\\'c'",
        ],
    );
}

#[test]
fn oracle() {
    check(
        &[Oracle],
        &[
            ("q'[it's]' Q'{a}b}' nq'(x)' NQ'<y>' q'!z!' q'éxé'", "? ? ? ? ? ?"),
            ("q'a'b'a'c", "?c"),
            (
                "SELECT \"Name\", v$session, x#, :1, :name FROM t@link",
                "SELECT \"Name\", v$session, x#, :?, :name FROM t@link",
            ),
            ("/*+ INDEX(t i) */ --+ x\n1f 2.5d", "? ?\n? ?"),
            ("DATE'2020-01-01' TIMESTAMP '2020-01-01 00:00:00'", "DATE? TIMESTAMP ?"),
            (r"'C:\' 'a\'", "? ?"),
            ("sales['Bounce', 2002] $$PLSQL_UNIT $IF a", "sales[?, ?] $$PLSQL_UNIT $IF a"),
            ("e'a' x'b'", "e? x?"),
        ],
    );
}

#[test]
fn sql_server() {
    check(
        &[SqlServer],
        &[
            (
                "SELECT [a]]b 'c], N'x', @p0, #tmp, ##g FROM [dbo].[t 1]",
                "SELECT [a]]b 'c], ?, @p0, #tmp, ##g FROM [dbo].[t 1]",
            ),
            ("$10.50 -$5 $action 0x4D", "$? -$? $action ?"),
            ("/* a /* 'b */ c */ d", "? d"),
            (r"'C:\' 'a\'", "? ?"),
            // With QUOTED_IDENTIFIER OFF, as in sqlcmd, this is a string.
            ("WHERE a = \"secret\"", "WHERE a = ?"),
            ("{ts '2020-01-01'}", "{ts ?}"),
            // Who logs in from where is no literal: a name in brackets, and the address is in `remoteHost`, too.
            (
                "Login failed for user 'shop'. Reason: Password did not match. [CLIENT: 10.0.2.48]",
                "Login failed for user ?. Reason: Password did not match. [CLIENT: 10.0.2.48]",
            ),
        ],
    );
}
