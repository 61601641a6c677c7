//! What is said about mistakes: the rule, the field, the position, what was expected, what to do.

use serde_json::{Value, json};

use super::refusal;

#[test]
fn entries() {
    for (rules, expected) in [
        (json!([3]), "transform.rules[0]: expected a map with drop, keep or sigma, found a number"),
        (json!([{}]), "transform.rules[0]: expected one of drop, keep and sigma, found none"),
        (
            json!([{ "keep": { "a": 1 } }, { "keep": { "a": 1 }, "drop": { "a": 1 } }]),
            "transform.rules[1]: expected one of drop, keep and sigma, found several; make a rule of each",
        ),
        (json!([{ "dorp": { "a": 1 } }]), "transform.rules[0].dorp: unknown member of a rule; did you mean `drop`?"),
        (
            json!([{ "when": {} }]),
            "transform.rules[0].when: unknown member of a rule; known are drop, keep, sigma, route, name",
        ),
        (
            json!([{ "drop": { "a": 1 }, "route": "x" }]),
            "transform.rules[0].route: an event that is dropped goes nowhere; leave the route out, or keep the event",
        ),
        (json!([{ "drop": { "a": 1 }, "name": 1 }]), "transform.rules[0].name: expected a text, found a number"),
        (
            json!([{ "drop": { "a": 1 }, "name": "" }]),
            "transform.rules[0].name: expected a name of 1 to 256 bytes, found 0",
        ),
        (
            json!([{ "drop": { "a": 1 }, "name": "x" }, { "keep": { "a": 1 }, "name": "x" }]),
            "transform.rules[1].name: another rule is named \"x\", too",
        ),
        (
            json!([{ "sigma": "rules/" }]),
            "transform.rules[0].sigma: expected the rules themselves, found the path \"rules/\"; the host reads the files",
        ),
        (json!([{ "sigma": [] }]), "transform.rules[0].sigma: expected at least one Sigma rule"),
        (json!([{ "sigma": {} }]), "transform.rules[0].sigma: expected a list of Sigma rules, found a map"),
        (Value::Array(vec![json!({ "keep": { "a": 1 } }); 1001]), "transform.rules[1000]: more than 1000 rules"),
    ] {
        assert_eq!(refusal(json!({ "rules": rules })), expected);
    }
}

#[test]
fn fields_and_values() {
    for (selection, expected) in [
        (json!({}), ": expected at least one field; what no rule matches is left to `otherwise`"),
        (json!([]), ": expected at least one value"),
        (json!(null), ": expected a map of fields, a list of them, or keywords, found null"),
        (json!([{ "a": 1 }, {}]), "[1]: expected at least one field; what no rule matches is left to `otherwise`"),
        (json!([["x"]]), "[0]: expected a text, a number, true, false or null, found a list"),
        (json!(["x", null]), "[1]: expected a keyword, found null"),
        (json!(["x", ""]), "[1]: an empty keyword is in every event"),
        (json!({ "|exists": true }), ".|exists: this modifier needs a field in front of it"),
        (json!({ "a": [] }), ".a: expected at least one value"),
        (json!({ "a": { "b": 1 } }), ".a: expected a value or a list of values, found a map"),
        (json!({ "a": ["x", ["y"]] }), ".a[1]: expected a text, a number, true, false or null, found a list"),
        (
            json!({ "a|contians": "x" }),
            ".a|contians: unknown modifier `contians`; did you mean `contains`? Supported are ",
        ),
        (
            json!({ "a|zzzzzzzz": "x" }),
            ".a|zzzzzzzz: unknown modifier `zzzzzzzz`; supported are contains, startswith, ",
        ),
        (json!({ "a|windash": "x" }), ".a|windash: the modifier `windash` is not supported; supported are contains, "),
        (
            json!({ "a|base64offset|contains": "x" }),
            ".a|base64offset|contains: the modifier `base64offset` is not supported",
        ),
        (json!({ "a|expand": "%x%" }), ".a|expand: the modifier `expand` is not supported"),
        (json!({ "a|": "x" }), ".a|: unknown modifier ``"),
        (json!({ "a|all|all": ["x"] }), ".a|all|all: the modifier `all` stands twice"),
        (json!({ "a|i": "x" }), ".a|i: the modifier `i` goes behind `re`, as in `re|i`"),
        (json!({ "a|i|re": "x" }), ".a|i|re: the modifier `i` goes behind `re`, as in `re|i`"),
        (
            json!({ "a|contains|endswith": "x" }),
            ".a|contains|endswith: the modifiers `contains` and `endswith` exclude each other",
        ),
        (json!({ "a|contains|re": "x" }), ".a|contains|re: the modifier `contains` goes with texts only"),
        (
            json!({ "a|re|cidr": "x" }),
            ".a|re|cidr: the modifier `cidr` cannot stand beside another that says what the value is",
        ),
        (json!({ "a|exists": 1 }), ".a|exists: `exists` expects true or false"),
        (json!({ "a|exists|neq": true }), ".a|exists|neq: `exists` takes true or false and no other modifier"),
        (json!({ "a|gt": "5" }), ".a|gt: `gt` expects a number, found a text"),
        (json!({ "a|lte": [1, null] }), ".a|lte[1]: `lte` expects a number, found null"),
        (json!({ "a|cidr": 5 }), ".a|cidr: `cidr` expects a network, found a number"),
        (
            json!({ "a|cidr": "10.0.0/8" }),
            ".a|cidr: expected a network such as 10.0.0.0/8 or 2001:db8::/32, found \"10.0.0/8\"",
        ),
        (json!({ "a|cidr": "10.0.0.0/33" }), ".a|cidr: expected a prefix of at most 32 bits, found \"10.0.0.0/33\""),
        (json!({ "a|cidr": "10.0.0.0/+8" }), ".a|cidr: expected a network such as"),
        (json!({ "a|re": 5 }), ".a|re: `re` expects a regular expression, found a number"),
        (json!({ "a|re": ["x", "a(b"] }), ".a|re[1]: regular expression, character 2: unclosed group"),
        (json!({ "a|re": "é[z-a]" }), ".a|re: regular expression, character 3: invalid character class range"),
        (json!({ "a|re": "(?=x)" }), ".a|re: regular expression, character 1: look-around"),
        (
            json!({ "a|re": "(?:a{1000}){1000}" }),
            ".a|re: the regular expression needs more than 512 KiB; shorten its repetitions",
        ),
        (json!({ "a|re": "(".repeat(80) }), ".a|re: regular expression, character "),
        (
            json!({ "a|re": format!("{}x{}", "(".repeat(80), ")".repeat(80)) }),
            ".a|re: regular expression, character 65: exceed",
        ),
        (json!({ "a|re": "a".repeat(5000) }), ".a|re: expected a regular expression of at most 4096 bytes, found 5000"),
        (json!({ "a": "a".repeat(5000) }), ".a: expected a text of at most 4096 bytes, found 5000"),
        (json!({ "a|fieldref": 1 }), ".a|fieldref: `fieldref` expects the name of a field, found a number"),
        (json!({ "a|fieldref": "" }), ".a|fieldref: expected the name of a field: 1 to 256 bytes, at most 8 steps"),
        (
            json!({ "a.b.c.d.e.f.g.h.i": 1 }),
            ".a.b.c.d.e.f.g.h.i: expected the name of a field: 1 to 256 bytes, at most 8 steps",
        ),
        (json!({ "a|contains": null }), ".a|contains: expected a text, a number, true, false or null, found null"),
        (json!({ "a|all": ["x", null] }), ".a|all: with `all`, null and other values can never match together"),
    ] {
        let error = refusal(json!({ "rules": [{ "keep": { "a": 1 } }, { "name": "mine", "drop": selection }] }));
        let expected = format!("transform.rules[1] (mine).drop{expected}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn all_rules_together_are_bounded() {
    let regexes: Vec<String> = (0..101).map(|n| format!("x{n}")).collect();
    let error = refusal(json!({ "rules": [{ "keep": { "a|re": regexes } }] }));
    assert_eq!(error, "transform.rules[0].keep.a|re[100]: more than 100 regular expressions in all rules");
    let values: Vec<u32> = (0..10_001).collect();
    let error = refusal(json!({ "rules": [{ "keep": { "a": values } }] }));
    assert_eq!(error, "transform.rules[0].keep.a: expected at most 10000 values, found 10001");
    let fields: serde_json::Map<String, Value> = (0..1001).map(|n| (format!("f{n:04}"), json!(1))).collect();
    let error = refusal(json!({ "rules": [{ "keep": fields }] }));
    assert_eq!(error, "transform.rules[0].keep.f1000: more than 1000 different fields in all rules");
}

#[test]
fn sigma_documents() {
    let good = json!({ "s": { "a": 1 }, "condition": "s" });
    for (document, expected) in [
        (json!(1), ": expected a Sigma rule, found a number"),
        (json!({ "detection": good }), ".title: missing; every Sigma rule has one"),
        (
            json!({ "title": "", "detection": good }),
            " ().title: expected 1 to 256 characters, none of them a control character",
        ),
        (json!({ "title": 5, "detection": good }), ".title: expected a text, found a number"),
        (json!({ "title": "t" }), " (t).detection: missing"),
        (json!({ "title": "t", "detection": 1 }), " (t).detection: expected a map, found a number"),
        (json!({ "title": "t", "detection": { "condition": "s" } }), " (t).detection: expected at least one selection"),
        (json!({ "title": "t", "detection": { "s": { "a": 1 } } }), " (t).detection.condition: missing"),
        (
            json!({ "title": "t", "detection": { "s": { "a|nope": 1 }, "condition": "s" } }),
            " (t).detection.s.a|nope: unknown modifier `nope`; ",
        ),
        (
            json!({ "title": "t", "detection": { "s": { "a": 1 }, "timeframe": "5m", "condition": "s" } }),
            " (t).detection.timeframe: dastap judges each event by itself",
        ),
        (
            json!({ "title": "t", "correlation": { "type": "event_count" } }),
            " (t).correlation: correlation rules join several events; dastap judges each event by itself",
        ),
        (
            json!({ "title": "t", "action": "global" }),
            " (t).action: collections (`action: global`, `repeat`, `reset`) left",
        ),
        (json!({ "title": "t", "filter": {} }), " (t).filter: Sigma filters are not supported"),
        (
            json!({ "title": "t", "logsource": { "product": "windows" }, "detection": good }),
            " (t).logsource.product: expected aws or none, found \"windows\": the rule is for another log",
        ),
        (
            json!({ "title": "t", "logsource": { "product": "aws", "service": "cloudtrail" }, "detection": good }),
            " (t).logsource.service: expected rds_das or none, found \"cloudtrail\": the rule is for another log",
        ),
        (
            json!({ "title": "t", "logsource": { "category": "process_creation" }, "detection": good }),
            " (t).logsource.category: expected database or none, found \"process_creation\": the rule is for another log",
        ),
        (
            json!({ "title": "t", "level": "urgent", "detection": good }),
            " (t).level: expected one of informational, low, medium, high, critical, found \"urgent\"",
        ),
        (json!({ "title": "t", "tags": "x", "detection": good }), " (t).tags: expected a list of texts"),
        (json!({ "title": "t", "tags": ["x".repeat(5000)], "detection": good }), " (t): title, id and tags have 50"),
    ] {
        let error = refusal(json!({ "rules": [{ "sigma": [{ "title": "first", "detection": good }, document] }] }));
        let expected = format!("transform.rules[0].sigma[1]{expected}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
}

#[test]
fn conditions() {
    for (condition, expected) in [
        (json!(5), ": expected a text or a list of texts, found a number"),
        (json!([]), ": expected at least one condition"),
        (json!(["sel_a", 5]), "[1]: expected a text, found a number"),
        (json!(["sel_a", "sel_a or"]), "[1]: character 9: expected a selection, found the end"),
        (json!(""), ": character 1: expected a selection, found the end"),
        (json!("sel_a and"), ": character 10: expected a selection, found the end"),
        (json!("sel_a and and sel_b"), ": character 11: expected a selection, found `and`"),
        (json!("and"), ": character 1: expected a selection, found `and`"),
        (json!("sel_a sel_b"), ": character 7: expected `and`, `or` or the end, found `sel_b`"),
        (json!("(sel_a"), ": character 7: expected `)`"),
        (json!("sel_a)"), ": character 6: `)` without `(`"),
        (json!("()"), ": character 2: expected a selection, found `)`"),
        (json!("sel_c or sel_a"), ": character 1: no selection `sel_c`; did you mean `sel_a`?"),
        (json!("é or xyzzy"), ": character 1: no selection `é`; there are filter, sel_a, sel_b"),
        (json!("sel_a or xyzzy12345"), ": character 10: no selection `xyzzy12345`; there are filter, sel_a, sel_b"),
        (json!("sel_*"), ": character 1: `sel_*` is a pattern; write `1 of sel_*` or `all of sel_*`"),
        (json!("2 of sel_*"), ": character 1: expected `1 of` or `all of`, found `2 of`"),
        (json!("1 of"), ": character 5: expected `them` or a pattern of selections behind `of`"),
        (json!("1 of (sel_a)"), ": character 6: expected `them` or a pattern of selections behind `of`"),
        (json!("1 of x*"), ": character 6: `x*` matches no selection; there are filter, sel_a, sel_b"),
        (json!("sel_a | count() > 5"), ": character 7: aggregations behind `|` left Sigma with version 2"),
        (json!("not"), ": character 4: expected a selection, found the end"),
        (json!("(".repeat(65)), ": character 65: more than 64 parentheses and `not` inside each other"),
        (json!("not ".repeat(65)), ": character 261: more than 64 parentheses and `not` inside each other"),
        (json!("x".repeat(20_000)), ": longer than 16384 bytes"),
    ] {
        let detection =
            json!({ "sel_a": { "a": 1 }, "sel_b": { "b": 1 }, "filter": { "c": 1 }, "condition": condition });
        let error = refusal(json!({ "rules": [{ "sigma": [{ "title": "t", "detection": detection }] }] }));
        assert_eq!(error, format!("transform.rules[0].sigma[0] (t).detection.condition{expected}"));
    }
}

#[test]
fn routes() {
    for (route, expected) in [
        (json!(1), "expected a text, found a number"),
        (json!(""), "expected 1 to 256 bytes, found 0"),
        (json!("x".repeat(257)), "expected 1 to 256 bytes, found 257"),
        (json!("a{class"), "byte 1: `{` without `}`; write `{{` for a brace"),
        (json!("a}b"), "byte 1: `}` without `{`; write `}}` for a brace"),
        (json!("a{}b"), "byte 1: expected the name of a field"),
        (json!("a\nb"), "byte 1: a control character"),
        (json!("a/../b"), "`..` has no place in a route"),
        (json!("./{class}"), "`.` has no place in a route"),
        (json!("/a"), "a step of the path is empty: `/` stands at an end, or twice"),
        (json!("a//b"), "a step of the path is empty: `/` stands at an end, or twice"),
        (json!("{class}/"), "a step of the path is empty: `/` stands at an end, or twice"),
        (json!("a\\b"), "`\\` has no place in a route; write `/`"),
        (json!("{a}".repeat(40)), "more than 32 pieces"),
    ] {
        let error = refusal(json!({ "rules": [{ "keep": { "a": 1 }, "route": route }] }));
        let expected = format!("transform.rules[0].route: {expected}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
}
