//! Which events leave and where to, through the program: the tasks of the README, presets, counters, explanations, and
//! what it says to a mistake.

use dastap::synth::{Engine, Settings};
use dastap_tests::component::Component;
use dastap_tests::document::{self, CLUSTER};
use dastap_tests::program::{Dastap, Outcome};
use dastap_tests::readme;
use dastap_tests::record;
use dastap_tests::stream::{Left, Synthetic};
use serde_json::{Value, json};

/// A stream of one engine.
fn stream(engine: Engine) -> Synthetic {
    Synthetic::new(Settings { engines: vec![engine], records: 120, ..Settings::default() })
}

/// The lines of a run without rules whose events are wanted.
fn wanted(all: &Left, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let lines = all.lines.iter().zip(all.values());
    lines.filter(|(_, event)| wanted(event)).map(|(line, _)| line.clone()).collect()
}

fn text<'v>(event: &'v Value, name: &str) -> &'v str {
    event[name].as_str().unwrap_or_default()
}

fn is_system_user(event: &Value) -> bool {
    ["rdsadmin", "RDSADMIN", "RDSSEC", "rdsproxyadmin"].contains(&text(event, "dbUserName"))
}

/// What `changes.yaml` of the README keeps, said once more by other means.
fn is_change(event: &Value) -> bool {
    const VERBS: [&str; 7] = ["CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE"];
    let starts = |text: &str| VERBS.iter().any(|verb| text.starts_with(verb));
    let statement = text(event, "commandText").trim_start().to_uppercase();
    match text(event, "class") {
        _ if text(event, "command") == "ALTER SESSION" => false,
        "AUX" => false,
        "DDL" | "ROLE" => true,
        "MAIN" => starts(&statement) || statement.starts_with("SET PASSWORD"),
        _ => starts(text(event, "command")) || text(event, "command") == "CHANGE PASSWORD",
    }
}

#[test]
fn only_changes_leave_and_leave_as_they_are() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let (all, changes) = (stream.decode("{}"), stream.decode(readme::config("changes.yaml")));
        let expected = wanted(&all, is_change);
        assert!(expected.len() > 10 && expected.len() * 3 < all.lines.len(), "{engine:?}: {}", expected.len());
        assert!(changes.lines == expected, "{engine:?}: the same lines, to the byte");
        assert_eq!(changes.stats["events"]["kept"], expected.len(), "{engine:?}");
        assert_eq!(changes.stats["by"]["kept.rule.changes"], expected.len(), "{engine:?}");
    }
}

#[test]
fn every_event_goes_to_the_route_of_its_class() {
    let config = readme::config("split.yaml");
    for engine in Engine::ALL {
        let stream = stream(engine);
        let folder = tempfile::tempdir().expect("a folder");
        let (file, events) = (folder.path().join("split.yaml"), folder.path().join("events.ndjson"));
        let all = stream.decode("{}");
        std::fs::write(&file, config).expect("writable");
        std::fs::write(&events, all.lines.join("\n")).expect("writable");
        let told = Dastap::new("rules").arg(&file).arg("--test").arg(&events).run().expect(0);
        let told = String::from_utf8(told.stdout).expect("UTF-8");
        assert_eq!(told.lines().count(), all.lines.len(), "{engine:?}");
        for (told, event) in told.lines().zip(all.values()) {
            let expected = match (text(&event, "class"), text(&event, "logTime")) {
                _ if is_system_user(&event) => "drop  system-users".to_owned(),
                ("AUX", _) => "drop  mysql-aux".to_owned(),
                (class, time) => {
                    let [class, day] = [class.replace(' ', "_"), time[..10].replace('-', "/")];
                    format!("keep  rules[0] (by-class) -> {class}/{day}")
                }
            };
            assert!(told.starts_with(&expected), "{engine:?}: {told}\n{expected}\n{event}");
        }
        let kept = wanted(&all, |event| !is_system_user(event) && event["class"] != "AUX");
        let mut lines = stream.decode(config).lines;
        let mut expected = kept.clone();
        // Events of a record are written route by route.
        lines.sort_unstable();
        expected.sort_unstable();
        assert!(lines == expected, "{engine:?}: the same lines, to the byte");
    }
}

#[test]
fn outputs_hold_the_events_of_their_route_in_order() {
    let rules = json!([{ "drop": { "command": "EXECUTE" } }, { "keep": { "class": "*" }, "route": "{class}/{yyyy}" }]);
    let keyring = record::keyring();
    let plain = Component::new(&keyring, json!({ "heartbeats": "keep" }));
    let split = Component::new(&keyring, json!({ "heartbeats": "keep", "rules": rules }));
    for engine in Engine::ALL {
        for record in stream(engine).records.iter().map(|record| record::plain(&record.document)) {
            let lines: Vec<String> = plain.decoded(&record).outputs.iter().flat_map(lines_of).collect();
            let value = |line: &String| serde_json::from_str::<Value>(line).expect("JSON");
            let decoded = split.decoded(&record);
            for output in &decoded.outputs {
                let is_here = |event: &Value| match event["class"].as_str() {
                    _ if event["command"] == "EXECUTE" => false,
                    None => output.route == "default",
                    Some(class) => output.route == format!("{}/2026", class.replace(' ', "_")),
                };
                let expected: Vec<&String> = lines.iter().filter(|line| is_here(&value(line))).collect();
                assert!(lines_of(output).iter().eq(expected), "{engine:?}: {}", output.route);
                assert_eq!(output.events as usize, lines_of(output).len());
            }
            let kept: u32 = decoded.outputs.iter().map(|output| output.events).sum();
            assert_eq!((kept, kept + decoded.dropped), (decoded.kept, lines.len() as u32));
        }
    }
}

fn lines_of(output: &dastap::Output) -> Vec<String> {
    output.lines.lines().map(str::to_owned).collect()
}

#[test]
fn presets_drop_what_they_name_and_count_it() {
    let stream = Synthetic::new(Settings { records: 300, ..Settings::default() });
    let all = stream.decode("heartbeats: keep");
    let is_heartbeat = |event: &Value| event["type"] == "heartbeat";
    let is_aux = |event: &Value| event["class"] == "AUX";
    let count = |what: &dyn Fn(&Value) -> bool| all.values().iter().filter(|event| what(event)).count();
    let presets = "system-users: drop\nmysql-aux: drop\n";
    let left = stream.decode(presets);
    assert!(left.lines == wanted(&all, |event| !is_heartbeat(event) && !is_system_user(event) && !is_aux(event)));
    let aux = count(&|event: &Value| is_aux(event) && !is_system_user(event));
    let kept = left.lines.len();
    let expected = json!({
        "dropped.heartbeat": count(&is_heartbeat),
        "dropped.system-user": count(&is_system_user),
        "dropped.mysql-aux": aux,
    });
    let by = |left: &Left| {
        let Value::Object(mut by) = left.stats["by"].clone() else { panic!("{}", left.stats) };
        // Every name of the four is there to be found.
        by.retain(|name, _| !name.starts_with("kept"));
        Value::Object(by)
    };
    assert_eq!(by(&left), expected);
    assert_eq!(left.stats["events"]["dropped"], all.lines.len() - kept);

    // Presets decide before rules, and `otherwise` on what is left.
    let rules = "rules: [{ name: logins, keep: { command: [CONNECT, LOGON, LOGIN SUCCEEDED] } }, { drop: { class: READ } }]\notherwise: drop";
    let ruled = stream.decode(&format!("{presets}{rules}"));
    let is_login = |event: &Value| ["CONNECT", "LOGON", "LOGIN SUCCEEDED"].contains(&text(event, "command"));
    let logins = wanted(&left, is_login);
    assert!(ruled.lines == logins && logins.len() > 20);
    let reads = wanted(&left, |event| event["class"] == "READ" && !is_login(event)).len();
    let mut expected = expected;
    expected["dropped.rule.1"] = json!(reads);
    expected["dropped.otherwise"] = json!(kept - logins.len() - reads);
    assert_eq!(by(&ruled), expected);
    assert_eq!(ruled.stats["by"]["kept.rule.logins"], logins.len());
}

#[test]
fn the_outcome_is_the_engines_own() {
    for engine in Engine::ALL {
        let stream = stream(engine);
        let failed = stream.decode("rules: [{ keep: { outcome: failure } }]\notherwise: drop");
        let all = stream.decode("{}");
        let is_failure = |event: &Value| match engine {
            Engine::Postgres => ["ERROR", "AUTH FAILURE"].contains(&text(event, "command")),
            Engine::Mysql => !["0", ""].contains(&text(event, "exitCode")),
            Engine::Oracle => event["exitCode"] != 0,
            Engine::Sqlserver => event["exitCode"] == 0,
        };
        let expected = wanted(&all, is_failure);
        assert!(failed.lines == expected && !expected.is_empty(), "{engine:?}: {}", expected.len());
    }
}

/// A folder with a record of three events and a configuration.
struct Place(tempfile::TempDir);

const EVENTS: [&str; 3] = [
    r#"{"type":"record","class":"DDL","command":"CREATE USER","commandText":"create user bob password 'x'","dbUserName":"admin","serverType":"PostgreSQL","n":1.0}"#,
    r#"{"type":"record","class":"READ","command":"SELECT","commandText":"select 1","dbUserName":"etl_1"}"#,
    r#"{"type":"heartbeat"}"#,
];

impl Place {
    fn new(config: &str) -> Self {
        let place = Place(tempfile::tempdir().expect("a folder"));
        place.file("config.yaml", config);
        place.file("records.ndjson", &record::plain(&document::of(&EVENTS)));
        place.file("events.ndjson", &EVENTS.join("\n"));
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, content).expect("the folder is writable");
    }

    fn decode(&self) -> Dastap {
        let run = Dastap::decode(&record::keyring().write(self.0.path())).args(["--resource-id", CLUSTER]);
        run.arg("--config").arg(self.path("config.yaml")).arg(self.path("records.ndjson"))
    }

    fn rules(&self) -> Dastap {
        Dastap::new("rules").arg(self.path("config.yaml"))
    }
}

fn stdout(outcome: &Outcome) -> &str {
    std::str::from_utf8(&outcome.stdout).expect("UTF-8")
}

#[test]
fn explain_tells_who_decided_and_what_was_changed() {
    let place = Place::new(
        "rules: [{ drop: { dbUserName|startswith: etl_ } }, { name: changes, keep: { class: DDL }, route: '{class}' }]\nredact: sql",
    );
    let told = place.decode().args(["--explain", "0"]).run().expect(0);
    let lines: Vec<&str> = stdout(&told).lines().map(str::trim).collect();
    let expected =
        ["0  keep  rules[1] (changes) -> DDL; commandText: sql-literals", "1  drop  rules[0]", "2  drop  heartbeats"];
    assert_eq!(lines, expected);
    assert!(!stdout(&told).contains("create user"), "events stay inside");
    let missing = place.decode().args(["--explain", "1"]).run().expect(1);
    assert!(missing.stderr.contains("found only 1 record"), "{}", missing.stderr);
    assert_eq!(stdout(&missing), "");
}

#[test]
fn explain_says_why_a_record_fails() {
    let place = Place::new("{}");
    place.file("records.ndjson", r#"{"type":"DatabaseActivityMonitoringRecords"}"#);
    let run = place.decode().args(["--explain", "0"]).run().expect(1);
    assert!(run.stderr.contains("record 0: envelope/missing-field"), "{}", run.stderr);
    assert!(!run.folder.path().join("dastap-failed.ndjson").exists());
}

#[test]
fn rules_are_checked_without_keys_and_without_records() {
    let place = Place::new("rules: [{ drop: { class: READ } }, { keep: { class: DDL }, route: ddl }]");
    let run = place.rules().run().expect(0);
    assert_eq!((stdout(&run), run.stderr.as_str()), ("2 rules, and they are right\n", ""));
    // What the settings of the README look like is true.
    place.file("config.yaml", readme::config("dastap.yaml"));
    place.rules().run().expect(0);
}

#[test]
fn rules_tell_what_becomes_of_events() {
    let place = Place::new("rules: [{ name: no-etl, drop: { dbUserName|startswith: etl_ } }]");
    let expected = [
        "keep  otherwise  DDL CREATE USER admin create user bob password 'x'",
        "drop  rules[0] (no-etl)  READ SELECT etl_1 select 1",
        "drop  heartbeats  ",
    ];
    for events in ["events.ndjson", "records.ndjson"] {
        let run = place.rules().arg("--test").arg(place.path(events)).run().expect(0);
        assert!(stdout(&run).lines().eq(expected), "{events}: {}", stdout(&run));
    }
}

#[test]
fn a_wrong_rule_set_is_refused_as_a_whole_and_nothing_is_written() {
    for (config, expected) in [
        (
            "rules: [{ keep: { class: DDL } }, { name: mine, drop: { commandText|contians: x } }]",
            "transform.rules[1] (mine).drop.commandText|contians: unknown modifier `contians`; did you mean `contains`?",
        ),
        (
            "rules: [{ name: re, keep: { commandText|re: [a, 'x(y'] } }]",
            "transform.rules[0] (re).keep.commandText|re[1]: regular expression, character 2: unclosed group",
        ),
        ("rules: [{ keep: { class: DDL }, route: 'a/{class' }]", "transform.rules[0].route: byte 2: `{` without `}`"),
        ("rules: [{ keep: { class: DDL }, route: '../x' }]", "transform.rules[0].route: `..` has no place in a route"),
        ("rules: [{ kep: { class: DDL } }]", "transform.rules[0].kep: unknown member of a rule; did you mean `keep`?"),
        ("rules: [{ keep: { remoteHost|cidr: 10.0.0.0/33 } }]", "transform.rules[0].keep.remoteHost|cidr: "),
        ("rules: [{ sigma: { title: t } }]", "transform.rules[0].sigma: expected a list of Sigma rules, found a map"),
        ("rules: [{ sigma: rules/none.yml }]", "transform.rules[0].sigma: "),
        (
            "redact: { commandText: mask }\nrules: [{ keep: { class: DDL }, route: '{commandText}' }]",
            "transform.rules[0].route: {commandText} would show what redact.commandText (mask) hides",
        ),
        ("otherwise: dorp", "transform.otherwise: unknown variant `dorp`, expected `keep` or `drop`"),
    ] {
        let place = Place::new(config);
        let files = ["stats.json", "failed.ndjson"].map(|name| place.path(name));
        let run = place.decode().arg("--stats").arg(&files[0]).arg("--dead-letter").arg(&files[1]).run().expect(2);
        let checked = place.rules().run().expect(2);
        for run in [run, checked] {
            let named = run.stderr.split_once("config.yaml: ").map(|(_, problem)| problem);
            assert!(named.is_some_and(|problem| problem.starts_with(expected)), "{}\n{expected}", run.stderr);
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
            assert_eq!(stdout(&run), "");
            let left: Vec<_> = std::fs::read_dir(run.folder.path()).expect("a folder").flatten().collect();
            assert_eq!(left.len(), 1, "nothing but the note of the peak: {left:?}");
        }
        assert!(files.iter().all(|file| !file.exists()), "{config}");
    }
}
