//! Sigma rules as they lie on disk, and the language itself against another evaluator.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dastap::{Decoder, Verdict, keys};
use dastap_tests::document::{self, CLUSTER};
use dastap_tests::peer;
use dastap_tests::program::Dastap;
use dastap_tests::readme;
use dastap_tests::record;
use serde_json::{Value, json};

/// A rule as teams keep it: comments, quotes, folded text, lists in both styles, members of their own.
const DROPPED_TABLE: &str = r#"title: Table Dropped By Hand
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
status: test
description: |
    Somebody drops a table, and it is none of the tools.
    Second line: with a colon.
references:
    - https://example.org/a?b=c#d
author: Jane Doe, 'nobody'
date: 2026-01-01
modified: 2026-02-03
tags:
    - attack.impact
    - attack.t1485
logsource:
    product: aws
    service: rds_das
    definition: 'Requirements: an activity stream' # as AWS calls it
detection:
    selection:
        class:
            - DDL
            - 'ROLE'
        commandText|contains: "drop table"
    filter_main_tools:
        clientApplication|startswith: [flyway, liquibase]
    filter_optional_night:
        dbUserName: etl_*
    condition: selection and not 1 of filter_*
falsepositives:
    - Maintenance
level: high
"#;

/// Two in one file, without a log source: one with keywords, one that counts rows.
const TWO: &str = r#"---
title: Password In A Statement
detection:
    keywords:
        - 'identified by'
        - 'password '
    condition: keywords
level: medium
---
title: Many Rows
detection:
    selection:
        rowCount|gte: 10000
        remoteHost|cidr: '10.0.0.0/8'
    condition: selection
"#;

const EVENTS: [&str; 7] = [
    r#"{"class":"DDL","commandText":"DROP TABLE t","clientApplication":"psql","dbUserName":"admin","n":1.0}"#,
    r#"{"class":"DDL","commandText":"drop table t","clientApplication":"Flyway 9","dbUserName":"admin"}"#,
    r#"{"class":"DDL","commandText":"drop table t","clientApplication":"psql","dbUserName":"etl_7"}"#,
    r#"{"class":"ROLE","commandText":"alter role a Password 'x'","dbUserName":"admin"}"#,
    r#"{"class":"READ","commandText":"select","rowCount":10000,"remoteHost":"10.1.2.3"}"#,
    r#"{"class":"READ","commandText":"select","rowCount":9999,"remoteHost":"10.1.2.3"}"#,
    r#"{"class":"READ","commandText":"select","rowCount":10000,"remoteHost":"[local]"}"#,
];

/// What a match says of each of them.
const TITLES: [Option<&str>; 7] =
    [Some("Table Dropped By Hand"), None, None, Some("Password In A Statement"), Some("Many Rows"), None, None];

struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Place(tempfile::tempdir().expect("a folder"));
        place.file("records.ndjson", &record::plain(&document::of(&EVENTS)));
        for (name, content) in files {
            place.file(name, content);
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, content).expect("writable");
    }

    fn decode(&self, config: &str) -> Dastap {
        let run = Dastap::decode(&record::keyring().write(self.0.path())).args(["--resource-id", CLUSTER]);
        run.arg("--config").arg(self.path(config)).arg(self.path("records.ndjson"))
    }
}

/// A folder with rules and with what is none.
const FOLDER: [(&str, &str); 4] = [
    ("etc/rules/drop.yml", DROPPED_TABLE),
    ("etc/rules/more/two.yaml", TWO),
    ("etc/rules/README.md", "no rule: [{"),
    ("etc/rules/more/.keep", ""),
];

#[test]
fn a_folder_is_loaded_as_it_lies_beside_the_configuration() {
    let place = Place::new(&FOLDER);
    place.file("etc/dastap.yaml", "transform: { rules: [ { sigma: rules, route: 'alerts/{class}' } ] }");
    let run = place.decode("etc/dastap.yaml").run().expect(0);
    let mut lines = run.lines();
    lines.sort_by_key(|line| line["eventId"].as_str().map(str::to_owned));
    let titles: Vec<Option<&str>> = lines.iter().map(|line| line["sigma"]["title"].as_str()).collect();
    assert_eq!(titles, TITLES);
    assert_eq!(
        lines[0]["sigma"].to_string(),
        r#"{"title":"Table Dropped By Hand","level":"high","id":"929a690e-bef0-4204-a928-ef5e620d6fcc","tags":["attack.impact","attack.t1485"]}"#
    );
    assert_eq!(lines[3]["sigma"].to_string(), r#"{"title":"Password In A Statement","level":"medium"}"#);
    // The mark stands in front; of the event nothing is changed.
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    assert!(EVENTS.iter().all(|event| text.contains(&event[1..])), "{text}");

    let told = place.decode("etc/dastap.yaml").args(["--explain", "0"]).run().expect(0);
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    let first = told.lines().next().map(str::trim);
    assert_eq!(first, Some("0  keep  rules[0] (Table Dropped By Hand) -> alerts/DDL"), "{told}");
}

#[test]
fn sigma_rules_stand_between_others() {
    let place = Place::new(&FOLDER);
    place.file("etc/rules.yaml", readme::config("rules.yaml"));
    let failed = r#"{"class":"DDL","commandText":"drop table t","exitCode":0,"serverType":"SQLSERVER"}"#;
    let batch = r#"{"class":"READ","commandText":"password ","dbUserName":"ETL_7"}"#;
    place.file("records.ndjson", &record::plain(&document::of(&[EVENTS[0], failed, batch, EVENTS[1]])));
    let told = place.decode("etc/rules.yaml").args(["--explain", "0"]).run().expect(0);
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    let expected = [
        "0  keep  rules[2] (Table Dropped By Hand) -> alerts",
        "1  keep  rules[1] -> failed/DDL",
        "2  drop  rules[0]",
        "3  keep  otherwise",
    ];
    assert!(told.lines().map(str::trim).eq(expected), "{told}");
}

#[test]
fn one_file_and_a_list_of_them_are_loaded() {
    let place = Place::new(&FOLDER);
    let titles = |config: &str| {
        place.file("config.yaml", config);
        let lines = place.decode("config.yaml").run().expect(0).lines();
        lines.iter().map(|line| line["sigma"]["title"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let only = |wanted: &[&str]| {
        let title = |title: Option<&str>| title.filter(|title| wanted.contains(title)).map(str::to_owned);
        TITLES.map(title).to_vec()
    };
    assert_eq!(titles("rules: [{ sigma: etc/rules/drop.yml }]"), only(&["Table Dropped By Hand"]));
    let absolute = place.path("etc/rules/more/two.yaml");
    let two = ["Password In A Statement", "Many Rows"];
    assert_eq!(titles(&format!("rules: [{{ sigma: {} }}]", absolute.display())), only(&two));
    assert_eq!(
        titles("rules: [{ sigma: [etc/rules/more/two.yaml, etc/rules/drop.yml] }]"),
        only(&[two[0], two[1], "Table Dropped By Hand"])
    );
}

#[test]
fn rule_files_are_checked_by_name() {
    let place = Place::new(&FOLDER);
    let check = |paths: &[&str]| paths.iter().fold(Dastap::new("rules"), |run, path| run.arg(place.path(path))).run();
    let said = |paths: &[&str]| String::from_utf8(check(paths).expect(0).stdout).expect("UTF-8");
    assert_eq!(said(&["etc/rules"]), "3 rules, and they are right\n");
    assert_eq!(said(&["etc/rules/drop.yml"]), "1 rule, and it is right\n");
    assert_eq!(said(&["etc/rules/drop.yml", "etc/rules/more/two.yaml"]), "3 rules, and they are right\n");

    for (broken, expected) in [
        (
            DROPPED_TABLE.replace("1 of filter_*", "1 of flter_*"),
            "(Table Dropped By Hand).detection.condition: character 24: `flter_*` matches no selection",
        ),
        (
            DROPPED_TABLE.replace("|contains", "|base64"),
            "(Table Dropped By Hand).detection.selection.commandText|base64: the modifier `base64` is not supported",
        ),
        (
            DROPPED_TABLE.replace("product: aws", "product: windows"),
            "(Table Dropped By Hand).logsource.product: expected aws or none, found \"windows\"",
        ),
        (DROPPED_TABLE.replace("    selection:", "   selection: ["), "broken.yml: expected YAML or JSON: "),
        (String::new(), "broken.yml: expected a Sigma rule, found nothing"),
    ] {
        place.file("etc/rules/more/broken.yml", &broken);
        place.file("config.yaml", "rules: [{ sigma: etc/rules }]");
        let decoded = place.decode("config.yaml").run().expect(2);
        assert!(decoded.stderr.contains(expected), "{}\n{expected}", decoded.stderr);
        assert_eq!(decoded.stdout, b"");
        assert!(decoded.stderr.contains("config.yaml: transform.rules[0].sigma: "), "{}", decoded.stderr);
        assert!(decoded.stderr.contains("broken.yml: "), "the file is named: {}", decoded.stderr);
        let checked = check(&["etc/rules"]).expect(2);
        assert!(checked.stderr.contains("broken.yml: "), "the file is named: {}", checked.stderr);
        assert!(checked.stderr.contains(expected), "{}\n{expected}", checked.stderr);
    }
}

#[test]
fn folders_without_rules_and_missing_files_are_mistakes() {
    let place = Place::new(&[("empty/README.md", "x"), ("config.yaml", "rules: [{ sigma: empty }]")]);
    let run = place.decode("config.yaml").run().expect(2);
    assert!(run.stderr.contains("transform.rules[0].sigma: expected Sigma rules (.yml, .yaml, .json) in "));
    place.file("config.yaml", "rules: [{ sigma: missing.yml }]");
    let run = place.decode("config.yaml").run().expect(2);
    assert!(run.stderr.contains("missing.yml: cannot read the file: "), "{}", run.stderr);
}

/// A rule of the peer with the events it was held against.
type Pairs = BTreeMap<String, Vec<(String, bool)>>;

#[test]
fn another_evaluator_says_the_same_of_two_thousand_pairs() {
    let said = peer::run("sigma_pairs.py", &["2000".as_ref()], b"").unwrap_or_else(|said| panic!("{said}"));
    let mut pairs = Pairs::new();
    for line in said.lines() {
        let pair: Value = serde_json::from_str(line).expect("JSON");
        let matches = pair["matches"].as_bool().expect("true or false");
        pairs.entry(pair["rule"].to_string()).or_default().push((pair["event"].to_string(), matches));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("an executor");
    let (mut compared, mut matched, mut differences) = (0, 0, Vec::new());
    for (rule, events) in &pairs {
        let rule: Value = serde_json::from_str(rule).expect("JSON");
        let keys = keys::Keyring::from_json(r#"{"keys":[]}"#).expect("a keyring");
        let transform = json!({ "otherwise": "drop", "rules": [{ "sigma": [rule] }] });
        let decoder = Decoder::builder().keys(keys).workers(1).transform(transform).build();
        let decoder = decoder.unwrap_or_else(|error| panic!("{error}: {rule}"));
        let records: Vec<String> = events.iter().map(|(event, _)| record::plain(&document::of(&[event]))).collect();
        let verdicts = runtime.block_on(decoder.decode(&records, Some(CLUSTER)));
        assert_eq!(verdicts.len(), events.len());
        for (verdict, (event, matches)) in verdicts.iter().zip(events) {
            let Verdict::Decoded(decoded) = verdict else { panic!("{verdict:?}: {event}") };
            assert_eq!(decoded.kept + decoded.dropped, 1);
            compared += 1;
            matched += u32::from(*matches);
            if (decoded.kept == 1) != *matches {
                differences.push(format!("the peer says {matches}: {rule}\n  of {event}"));
            }
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    assert!(compared >= 2000, "{compared} pairs");
    assert!((compared / 10..compared * 9 / 10).contains(&matched), "{matched} of {compared} match");
}
