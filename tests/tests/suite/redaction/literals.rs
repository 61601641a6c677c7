//! What there is to hide in the events of the synthetic databases, read by a simple mind.

use serde_json::Value;

/// Literals and bound values that stand nowhere by chance and look the same however they are escaped.
pub(super) fn secrets(event: &Value) -> Vec<String> {
    let binds = event["paramList"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let mut secrets: Vec<String> = if is_continued(event) { Vec::new() } else { literals(&statement(event)) };
    secrets.extend(binds);
    // Who logs in and what is renamed are said in fields of their own.
    secrets.retain(|text| event["dbUserName"] != **text && !text.starts_with("dbo."));
    secrets.retain(|text| {
        let is_number = text.chars().all(|sign| sign.is_ascii_digit() || "-.".contains(sign));
        let is_plain = text.chars().all(|sign| sign.is_alphanumeric() || " @.-_!#%&,:;".contains(sign));
        is_plain && text.chars().count() >= if is_number { 14 } else { 8 }
    });
    secrets
}

/// The literals and comments of a statement of the synthetic databases, read by a simple mind: what the generator's few
/// forms need and no more.
pub(super) fn literals(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql;
    let mut before = String::new();
    while let Some(sign) = rest.chars().next() {
        let until = |start: &str, end: &str| {
            let from = rest.strip_prefix(start)?;
            Some(from.find(end).map_or(from.len(), |at| at))
        };
        let quoted = |quote: char| {
            let mut end = 1;
            while let Some(at) = rest[end..].find(quote) {
                end += at + 1;
                if !rest[end..].starts_with(quote) {
                    return end - 1;
                }
                end += 1;
            }
            rest.len()
        };
        let is_password = ["BY ", "REPLACE "].iter().any(|word| before.ends_with(word));
        let length = match sign {
            '\'' => {
                let end = quoted('\'');
                found.push(rest[1..end].to_owned());
                end + 1
            }
            '"' if is_password => {
                let end = quoted('"');
                found.push(rest[1..end].to_owned());
                end + 1
            }
            '"' => quoted('"') + 1,
            '`' => quoted('`') + 1,
            '[' => quoted(']') + 1,
            _ if rest.starts_with("--") => {
                let end = until("--", "\n").unwrap_or_default();
                found.push(rest[2..2 + end].to_owned());
                2 + end
            }
            _ if rest.starts_with("/*") => {
                let end = until("/*", "*/").unwrap_or_default();
                found.push(rest[2..2 + end].to_owned());
                4 + end
            }
            _ if rest.starts_with("$$") => {
                let end = until("$$", "$$").unwrap_or_default();
                found.push(rest[2..2 + end].to_owned());
                4 + end
            }
            '0'..='9' => {
                let end = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(rest.len());
                found.push(rest[..end].to_owned());
                end
            }
            // A word, or a parameter.
            _ if sign.is_alphabetic() || "_$:@#".contains(sign) => {
                let in_word = |sign: char| sign.is_alphanumeric() || "_$:@#".contains(sign);
                rest.find(|sign: char| !in_word(sign)).unwrap_or(rest.len())
            }
            _ => sign.len_utf8(),
        };
        let (done, left) = rest.split_at(length.min(rest.len()));
        before.push_str(done);
        rest = left;
    }
    found.retain(|literal| !literal.trim().is_empty());
    found
}

/// The statement of an event as a client sent it.
pub(super) fn statement(event: &Value) -> String {
    let text = event["commandText"].as_str().unwrap_or_default();
    match event["serverType"].as_str() {
        Some("MySQL") => text.replace("\\'", "'").replace("\\\"", "\""),
        _ => text.to_owned(),
    }
}

/// SQL Server cuts long statements; what goes on in the middle of one cannot be read.
pub(super) fn is_continued(event: &Value) -> bool {
    event["serverType"] == "SQLSERVER" && event["substatementId"].as_u64() > Some(1)
}

/// It can be read in more than one way, or not to its end: parts of long statements, and in MySQL an escaped quote
/// beside a double quote or a backslash that are not.
pub(super) fn is_doubtful(event: &Value) -> bool {
    let text = event["commandText"].as_str().unwrap_or_default();
    match event["serverType"].as_str() {
        Some("MySQL") => text.contains("\\'") && text.replace("\\'", "").contains(['"', '\\']),
        Some("SQLSERVER") => is_continued(event) || text.chars().count() == 4000,
        _ => false,
    }
}
