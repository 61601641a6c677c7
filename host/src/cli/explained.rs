//! What became of an event, in words: the answer of `explain` (`wit/decoder.wit`) on one line.

use serde_json::Value;

use super::text::one_line;

/// The events of an explanation.
///
/// # Errors
/// Why there are none, in words.
pub(super) fn events(explanation: &str) -> Result<Vec<Value>, String> {
    let mut explanation: Value = serde_json::from_str(explanation).map_err(|error| error.to_string())?;
    match (explanation["events"].take(), &explanation["failure"]) {
        (Value::Array(events), _) => Ok(events),
        (_, failure) => {
            let word = |name: &str| failure[name].as_str().unwrap_or("?");
            Err(format!("{}/{}: {}", word("stage"), word("reason"), word("detail")))
        }
    }
}

/// `keep  rules[1] (changes) -> ddl; commandText: sql-literals`
pub(super) fn in_words(event: &Value) -> String {
    let by = one_line(event["by"].as_str().unwrap_or("?"), 60);
    let mut words = match event["route"].as_str() {
        Some("default") => format!("keep  {by}"),
        Some(route) => format!("keep  {by} -> {}", one_line(route, 60)),
        None => format!("drop  {by}"),
    };
    for redacted in event["redacted"].as_array().into_iter().flatten() {
        let word = |name: &str| one_line(redacted[name].as_str().unwrap_or("?"), 60);
        words += &format!("; {}: {}", word("field"), word("action"));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_decision_has_its_line() {
        let redacted = json!([{ "field": "commandText", "action": "sql-literals" }]);
        for (event, expected) in [
            (json!({ "by": "otherwise", "route": "default", "redacted": [] }), "keep  otherwise"),
            (json!({ "by": "rules[2]", "route": null, "redacted": [] }), "drop  rules[2]"),
            (
                json!({ "by": "rules[0] (x)", "route": "ddl", "redacted": redacted }),
                "keep  rules[0] (x) -> ddl; commandText: sql-literals",
            ),
        ] {
            assert_eq!(in_words(&event), expected);
        }
    }
}
