//! The tables of the synthetic databases, and values for their columns: ordinary ones, and the ones that break
//! careless parsers (quotes, line breaks, other alphabets, emoji, backslashes, equal signs).

use super::dice::Dice;
use super::settings::Engine;

/// A table, by its lower-case name; an engine may print it differently.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
}

/// A column's name and what it holds.
pub(super) type Column = (&'static str, Content);

/// What a column holds.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Number,
    Money,
    Date,
    Name,
    Email,
    Card,
    Status,
    Note,
    Json,
}
use Content::{Card, Date, Email, Json, Money, Name, Note, Number, Status};

/// Every table's first column is its key.
pub(super) const TABLES: [Table; 9] = [
    Table { name: "customer", columns: &[("id", Number), ("name", Name), ("email", Email), ("since", Date)] },
    Table { name: "orders", columns: &[("id", Number), ("customer_id", Number), ("total", Money), ("state", Status)] },
    Table {
        name: "order_item",
        columns: &[("order_id", Number), ("sku", Status), ("price", Money), ("gift_note", Note)],
    },
    Table { name: "payment", columns: &[("id", Number), ("card_number", Card), ("amount", Money), ("paid_on", Date)] },
    Table { name: "patient", columns: &[("id", Number), ("name", Name), ("born", Date), ("diagnosis", Note)] },
    Table { name: "audit_note", columns: &[("id", Number), ("author", Name), ("body", Note), ("details", Json)] },
    Table { name: "session_state", columns: &[("token", Status), ("data", Json), ("expires", Date)] },
    Table { name: "anschrift", columns: &[("id", Number), ("straße", Name), ("größe", Number)] },
    Table { name: "顧客", columns: &[("id", Number), ("名前", Name), ("備考", Note)] },
];

const NAMES: [&str; 10] = [
    "Ada Lovelace",
    "O'Brien",
    "José García",
    "Zoë Müller",
    "山田太郎",
    "Лев Толстой",
    "D'Arcy \"Mac\" Mc Leod",
    "שרה כהן",
    "Nguyễn Văn An",
    "Grace Hopper",
];
const NOTES: [&str; 9] = [
    "call back on Monday",
    "first line\nsecond line\twith a tab",
    "100% paid; see file C:\\data\\new.txt",
    "she said \"no\"",
    "🚚 delivered 📦",
    "a=b&c<d>e",
    "re: invoice #4711 -- do not resend",
    "",
    "ctrl \u{1} and next \u{2028} line",
];
const STATES: [&str; 6] = ["new", "paid", "shipped", "returned", "on hold", "SKU-0042"];

impl Content {
    /// A value as a client would bind it, without quotes.
    pub(super) fn value(self, dice: &mut Dice) -> String {
        match self {
            Number => dice.between(1, 9_999_999).to_string(),
            Money => format!("{}.{:02}", dice.between(0, 9_999), dice.between(0, 99)),
            Date => format!("20{:02}-{:02}-{:02}", dice.between(10, 26), dice.between(1, 12), dice.between(1, 28)),
            Name => (*dice.pick(&NAMES)).to_owned(),
            Email => format!("{}@example.{}", dice.text(7, b"abcdefghijklmnopqrstuvwxyz"), dice.pick(&["com", "org"])),
            Card => format!("4{}", dice.text(15, b"0123456789")),
            Status => (*dice.pick(&STATES)).to_owned(),
            Note => (*dice.pick(&NOTES)).to_owned(),
            Json => format!(r#"{{"step": {}, "ok": true, "tags": ["a", "b"]}}"#, dice.between(1, 9)),
        }
    }

    /// A value as it stands in a statement.
    pub(super) fn literal(self, engine: Engine, dice: &mut Dice) -> String {
        let value = self.value(dice);
        if matches!(self, Number | Money) { value } else { quoted(engine, &value) }
    }

    /// The column's type in a CREATE TABLE.
    pub(super) fn type_name(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (Number, Engine::Oracle) => "NUMBER(12)",
            (Number, _) => "bigint",
            (Money, Engine::Oracle) => "NUMBER(12,2)",
            (Money, _) => "decimal(12,2)",
            (Date, _) => "date",
            (Json, Engine::Postgres) => "jsonb",
            (_, Engine::Oracle) => "VARCHAR2(400)",
            (_, Engine::Sqlserver) => "nvarchar(400)",
            _ => "varchar(400)",
        }
    }
}

/// A string literal: quotes doubled, and marked as Unicode where SQL Server needs it.
pub(super) fn quoted(engine: Engine, value: &str) -> String {
    let mark = if engine == Engine::Sqlserver && !value.is_ascii() { "N" } else { "" };
    format!("{mark}'{}'", value.replace('\'', "''"))
}

/// A name as the engine's catalogue has it.
pub(super) fn catalogued(engine: Engine, name: &str) -> String {
    if engine == Engine::Oracle { name.to_uppercase() } else { name.to_owned() }
}

/// A table as it stands in a statement.
pub(super) fn qualified(engine: Engine, table: &str) -> String {
    match engine {
        Engine::Postgres => format!("public.{table}"),
        Engine::Mysql => format!("`{table}`"),
        Engine::Oracle => format!("{}.{}", SCHEMA_ORACLE, catalogued(engine, table)),
        Engine::Sqlserver => format!("[dbo].[{table}]"),
    }
}

/// The schema that holds the tables in Oracle.
pub(super) const SCHEMA_ORACLE: &str = "SHOP";
