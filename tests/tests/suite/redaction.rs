//! What is masked before it leaves: no literal of a statement survives, and nothing else changes.

use std::collections::{BTreeMap, HashMap};

use dastap::synth::{Engine, Settings};
use dastap::{Count, Decoder, keys};
use dastap_tests::document::{self, CLUSTER};
use dastap_tests::program::Dastap;
use dastap_tests::readme;
use dastap_tests::record;
use dastap_tests::stream::Synthetic;
use serde_json::value::RawValue;
use serde_json::{Value, json};

static PORTABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portable.cwasm"));

fn stream(engine: Engine) -> Synthetic {
    Synthetic::new(Settings { engines: vec![engine], records: 150, seed: 3, ..Settings::default() })
}

/// What stands for a statement that cannot be read.
fn is_masked_whole(text: &str) -> bool {
    text.strip_prefix("*** (").and_then(|rest| rest.strip_suffix(" bytes)")).is_some_and(|n| n.parse::<u32>().is_ok())
}

/// The literals and comments of a statement of the synthetic databases, read by a simple mind: what the generator's few
/// forms need and no more.
fn literals(sql: &str) -> Vec<String> {
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
fn statement(event: &Value) -> String {
    let text = event["commandText"].as_str().unwrap_or_default();
    match event["serverType"].as_str() {
        Some("MySQL") => text.replace("\\'", "'").replace("\\\"", "\""),
        _ => text.to_owned(),
    }
}

/// SQL Server cuts long statements; what goes on in the middle of one cannot be read.
fn is_continued(event: &Value) -> bool {
    event["serverType"] == "SQLSERVER" && event["substatementId"].as_u64() > Some(1)
}

/// It can be read in more than one way, or not to its end: parts of long statements, and in MySQL an escaped quote
/// beside a line break, a double quote or a backslash that are not.
fn is_doubtful(event: &Value) -> bool {
    let text = event["commandText"].as_str().unwrap_or_default();
    match event["serverType"].as_str() {
        Some("MySQL") => text.contains("\\'") && text.replace("\\'", "").contains(['\n', '\r', '"', '\\']),
        Some("SQLSERVER") => is_continued(event) || text.chars().count() == 4000,
        _ => false,
    }
}

/// The JSON text of a line's `commandText`.
fn raw_statement(line: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(line).expect("JSON");
    members.get("commandText").map(|raw| raw.get().to_owned())
}

#[test]
fn no_literal_of_a_statement_survives_and_nothing_else_changes() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let (plain, redacted) = (stream.decode("{}"), stream.decode("redact: { commandText: sql-literals }"));
        assert_eq!(plain.lines.len(), redacted.lines.len());
        let (mut changed, mut unreadable, mut secrets) = (0, 0, 0);
        for (before, after) in plain.lines.iter().zip(&redacted.lines) {
            let [event, left] = [before, after].map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
            let masked = left["commandText"].as_str().unwrap_or_default();
            // Only the statement is another one.
            let expected = match (raw_statement(before), raw_statement(after)) {
                (Some(old), Some(new)) => {
                    before.replacen(&format!("\"commandText\":{old}"), &format!("\"commandText\":{new}"), 1)
                }
                _ => before.clone(),
            };
            assert_eq!(*after, expected, "{engine:?}");
            changed += u64::from(before != after);
            if is_masked_whole(masked) {
                unreadable += 1;
                assert!(is_doubtful(&event), "{engine:?}: {before}");
                continue;
            }
            assert!(!is_continued(&event), "{engine:?}: {after}");
            assert_eq!(literals(masked), [""; 0], "{engine:?}: {before}\n{masked}");
            let text = statement(&event);
            for literal in literals(&text).iter().filter(|literal| literal.chars().count() >= 8) {
                assert!(!masked.contains(literal.as_str()), "{engine:?}: {literal} of\n{text}\n{masked}");
                secrets += 1;
            }
            // What is no literal is still there.
            let verb = text.split_whitespace().next().filter(|word| word.chars().all(char::is_alphabetic));
            assert!(masked.starts_with(verb.unwrap_or_default()), "{engine:?}: {text}\n{masked}");
        }
        let by = &redacted.stats["by"];
        assert_eq!(by["redacted.sql-literals"], changed, "{engine:?}");
        assert_eq!(by["redacted.unreadable"].as_u64().unwrap_or_default(), unreadable, "{engine:?}");
        assert!(changed > 200 && secrets > 100, "{engine:?}: {changed} statements, {secrets} secrets");
    }
}

/// All texts in a value but those about time, which may hold a date that a statement holds, too.
fn texts<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if !name.to_lowercase().contains("time") => found.push(text),
        Value::Array(list) => list.iter().for_each(|value| texts(value, name, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| texts(value, name, found)),
        _ => {}
    }
}

/// Literals and bound values that stand nowhere by chance and look the same however they are escaped.
fn secrets(event: &Value) -> Vec<String> {
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

#[test]
fn with_the_preset_no_literal_leaves_in_any_field_of_any_shape() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let events = stream.events();
        for shape in ["shape: event", "shape: ocsf\nraw: true", "shape: ecs\nraw: true", readme::config("siem.yaml")] {
            let config = if shape.contains('#') { shape.to_owned() } else { format!("{shape}\nredact: sql") };
            let left = stream.decode(&config);
            let ours = |event: &&Value| !config.contains("mysql-aux: drop") || event["class"] != "AUX";
            let events: Vec<&Value> = events.iter().filter(ours).collect();
            assert_eq!(left.lines.len(), events.len(), "{engine:?}: {config}");
            let mut checked = 0;
            for (line, event) in left.values().iter().zip(events) {
                let mut said = Vec::new();
                texts(line, "", &mut said);
                for secret in secrets(event) {
                    let leak = said.iter().find(|text| text.contains(&secret));
                    assert_eq!(leak, None, "{engine:?}, {config}: {secret}\n{line}");
                    checked += 1;
                }
            }
            assert!(checked > 500, "{engine:?}: {checked}");
        }
    }
}

#[test]
fn rules_see_what_redaction_hides_and_change_no_byte() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let rules = "rules: [{ name: secret, drop: { commandText|contains: [customer, password] } }, { keep: { class: '*' }, route: '{class}' }]";
        let (all, ruled) = (stream.decode("{}"), stream.decode(rules));
        let is_dropped = |line: &&String| {
            let event: Value = serde_json::from_str(line).expect("JSON");
            let text = event["commandText"].as_str().unwrap_or_default();
            ["customer", "password"].iter().any(|word| text.to_lowercase().contains(word))
        };
        let mut expected: Vec<&String> = all.lines.iter().filter(|line| !is_dropped(line)).collect();
        let mut found: Vec<&String> = ruled.lines.iter().collect();
        // Events of a record are written route by route.
        expected.sort_unstable();
        found.sort_unstable();
        assert!(found == expected && found.len() < all.lines.len(), "{engine:?}");
        // The rules decide on what the database wrote.
        let redacted = stream.decode(&format!("{rules}\nredact: sql"));
        assert_eq!(redacted.stats["events"]["kept"], expected.len(), "{engine:?}");
        assert_eq!(redacted.stats["by"]["dropped.rule.secret"], all.lines.len() - expected.len());
    }
}

const EVENT: &str = r#"{"class":"DDL","commandText":"create user bob password 'x'","dbUserName":"admin","rowCount":1.0,"errorMessage":null,"paramList":["a",1],"serverType":"PostgreSQL","engineNativeAuditFields":{"SQL_TEXT":"x","ROLE":"DBA"},"n":1e5}"#;

/// The HMAC-SHA256 of `admin` under `sixteen bytes or more`.
const HASHED: &str = "b1fe1ebff44360f836c4e198a27546792a83e076de41313ca74a08698fe2193e";

/// The event as it leaves.
fn redacted(config: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.yaml"), config).expect("writable");
    let run = Dastap::decode(&record::keyring().write(folder.path())).args(["--resource-id", CLUSTER, "--config"]);
    let run = run.arg(folder.path().join("config.yaml")).stdin(record::plain(&document::of(&[EVENT]))).run().expect(0);
    document::event_of(std::str::from_utf8(&run.stdout).expect("UTF-8"))
}

#[test]
fn each_action_changes_its_value_and_leaves_the_rest() {
    let with = |from: &str, to: &str| EVENT.replacen(from, to, 1);
    let statement = "\"create user bob password 'x'\"";
    for (config, expected) in [
        ("redact: {}", EVENT.to_owned()),
        ("redact: { commandText: drop }", with(&format!("\"commandText\":{statement},"), "")),
        ("redact: { commandText: mask }", with(statement, "\"***\"")),
        ("redact: { commandText: sql-literals }", with(statement, "\"create user bob password ?\"")),
        (
            "redact: { commandText: { truncate: 11 } }",
            with(
                statement,
                "\"create user... (28 bytes, sha256 cf23a837c935560706b799b9602bb710eac03ea828ec04f73755039a214501bd)\"",
            ),
        ),
        ("redact: { commandText: { truncate: 28 } }", EVENT.to_owned()),
        (
            "redact: { dbUserName: hash }\nredact-key: sixteen bytes or more",
            with("\"admin\"", &format!("\"{HASHED}\"")),
        ),
        (
            "redact: { dbUserName: hash }\nredact-key: 'base64:c2l4dGVlbiBieXRlcyBvciBtb3Jl'",
            with("\"admin\"", &format!("\"{HASHED}\"")),
        ),
        ("redact: { errorMessage: mask, rowCount: mask }", with("1.0", "\"***\"")),
        ("redact: { engineNativeAuditFields.ROLE: drop }", with(",\"ROLE\":\"DBA\"", "")),
        (
            "redact: { engineNativeAuditFields: drop, commandTag: mask }",
            with("\"engineNativeAuditFields\":{\"SQL_TEXT\":\"x\",\"ROLE\":\"DBA\"},", ""),
        ),
        (
            "redact: { preset: sql, paramList: drop }",
            with(statement, "\"create user bob password ?\"").replacen("\"paramList\":[\"a\",1],", "", 1),
        ),
    ] {
        assert_eq!(redacted(config), expected, "{config}");
    }
}

#[test]
fn a_wrong_redaction_is_refused_before_anything_leaves() {
    const SECRET: &str = "a-secret-that-stands-in-the-wrong-place";
    for (config, expected) in [
        ("redact: { comandText: mask }", "transform.redact.comandText: unknown field; did you mean `commandText`?"),
        ("redact: { commandText: maks }", "transform.redact.commandText: unknown action `maks`; did you mean `mask`?"),
        ("redact: { commandText: truncate }", "transform.redact.commandText: expected a number with it: "),
        ("redact: { commandText: { truncate: -1 } }", "transform.redact.commandText: expected truncate: 0 to 1000000"),
        ("redact: { dbUserName: hash }", "transform.redact.dbUserName: `hash` needs a key; set redact-key"),
        ("redact: { dbUserName: hash }\nredact-key: short", "transform.redact-key: expected 16 to 4096 bytes, found 5"),
        (
            "redact-key: [a-secret-that-stands-in-the-wrong-place]",
            "transform.redact-key: expected a text, found a list",
        ),
        ("redact-key: base64:a-secret-that-stands-in-the-wrong-place", "transform.redact-key: expected base64 behind "),
        (
            "redact: { dbUserName: a-secret-that-stands-in-the-wrong-place }",
            "transform.redact.dbUserName: unknown action; known are ",
        ),
        ("redact: pci", "transform.redact: unknown preset `pci`; known is sql"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.yaml"), config).expect("writable");
        let run = Dastap::decode(&record::keyring().write(folder.path())).args(["-vv", "--config"]);
        let run = run.arg(folder.path().join("config.yaml")).stdin(record::plain(&document::of(&[EVENT])));
        let run = run.run().expect(2);
        assert!(run.stderr.contains(&format!("config.yaml: {expected}")), "{}\n{expected}", run.stderr);
        assert!(run.stdout.is_empty() && !run.stderr.contains(SECRET), "{}", run.stderr);
    }
}

#[test]
fn equal_values_have_equal_hashes_and_the_key_is_nowhere() {
    const KEY: &str = "the key of all hashes, which nobody may see";
    let stream = Synthetic::new(Settings { records: 100, ..Settings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let hashed = |key: &str| {
        let (config, stats) = (folder.path().join("config.yaml"), folder.path().join("stats.json"));
        std::fs::write(&config, format!("redact: {{ dbUserName: hash }}\nredact-key: {key}")).expect("writable");
        let run = stream.run("decode", folder.path()).arg("-vv").arg("--config").arg(config).arg("--stats").arg(&stats);
        let run = run.run().expect(0);
        let said = [run.stdout.as_slice(), run.stderr.as_bytes(), &std::fs::read(stats).expect("statistics")].concat();
        assert!(!String::from_utf8_lossy(&said).contains(key));
        run.lines().iter().map(|line| line["dbUserName"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    let names: Vec<Value> = stream.events().iter().map(|event| event["dbUserName"].clone()).collect();
    let hashes = hashed(KEY);
    let mut known = HashMap::new();
    for (name, hash) in names.iter().zip(&hashes) {
        assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert_eq!(*known.entry(name.to_string()).or_insert(hash), hash, "{name}");
    }
    let mut different: Vec<_> = known.values().collect();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() == known.len() && known.len() > 15, "{}", known.len());
    assert_eq!(hashed(KEY), hashes);
    assert!(hashed("another key of many bytes").iter().zip(&hashes).all(|(other, hash)| other != hash));
}

#[test]
fn both_builds_of_the_component_write_the_same() {
    let stream = Synthetic::new(Settings { records: 120, ..Settings::default() });
    let records: Vec<String> = stream.records.iter().map(|record| record::plain(&record.document)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("an executor");
    for shape in ["event", "envelope", "ocsf", "ecs"] {
        let transform = json!({
            "shape": shape, "raw": true, "heartbeats": "keep", "system-users": "drop", "mysql-aux": "drop",
            "redact": {
                "preset": "sql", "dbUserName": "hash", "remoteHost": "mask", "clientApplication": { "truncate": 4 },
                "sessionId": "drop",
            },
            "redact-key": "sixteen bytes or more",
            "rules": [
                { "drop": { "commandText|re|i": "^\\s*(begin|commit)\\b" } },
                { "keep": { "outcome": "failure" }, "route": "failed/{yyyy}/{mm}" },
                { "name": "people", "keep": { "dbUserName|contains": ["é", "ü", "監", "lopez"], "remoteHost|cidr": "10.0.0.0/8" } },
                { "sigma": [{ "title": "t", "level": "low", "detection": { "k": ["password"], "s": { "rowCount|gt": 100 }, "condition": "1 of them" } }], "route": "alerts" },
                { "keep": { "class": "*" }, "route": "{class}/{databaseName}" },
            ],
        });
        let decode = |decoder: Decoder| {
            let verdicts = runtime.block_on(decoder.decode(&records, Some(CLUSTER)));
            let line = |count: &Count| format!("{} {} {} {}", count.cluster, count.instance, count.name, count.value);
            let mut counts: Vec<String> = decoder.counts().iter().map(line).collect();
            counts.sort_unstable();
            (format!("{verdicts:?}"), counts)
        };
        let builder = || {
            let keys = keys::Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
            Decoder::builder().keys(keys).workers(1).transform(transform.clone())
        };
        #[allow(unsafe_code, reason = "the image was compiled by this crate's build script")]
        // SAFETY: the image was compiled by this crate's build script.
        let portable = unsafe { builder().image(PORTABLE.to_vec()) };
        let (embedded, counts) = decode(builder().build().expect("a decoder"));
        let (portable, portable_counts) = decode(portable.build().expect("a decoder"));
        assert!(embedded == portable, "{shape}");
        assert_eq!(counts, portable_counts, "{shape}");
        for name in ["kept.rule.t", "kept.rule.people", "dropped.rule.0", "redacted.hash", "redacted.sql-literals"] {
            assert!(counts.iter().any(|count| count.contains(name)), "{name}: {counts:?}");
        }
        assert!(!embedded.contains("Failed("), "{shape}");
    }
}
