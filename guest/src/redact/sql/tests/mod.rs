//! Statements without their literals.

mod generator;
mod oracle;
mod passwords;
mod statements;
mod survival;

use super::{Dialect, write};

const DIALECTS: [Dialect; 4] = [Dialect::PostgreSql, Dialect::MySql, Dialect::Oracle, Dialect::SqlServer];

/// What a statement becomes; none when it cannot be read.
fn masked(sql: &str, dialect: Dialect) -> Option<String> {
    let mut out = "before".to_string();
    let written = write(sql, false, dialect, &mut "left over".to_string(), &mut out);
    let body = out.strip_prefix("before").unwrap();
    assert!(written.is_ok() || body.is_empty());
    let text = serde_json::from_str(&format!("\"{body}\"")).unwrap();
    written.is_ok().then_some(text)
}
