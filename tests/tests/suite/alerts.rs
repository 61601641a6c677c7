//! The recipe `pipelines/sns-alerts`: messages of a topic, as its subscribers read them.

use std::path::{Path, PathBuf};

use dastap_tests::aws::Aws;
use dastap_tests::document;
use dastap_tests::program::{Dastap, Outcome};
use dastap_tests::record;
use serde_json::{Value, json};

/// The recipe with the services of the test: what it reads, and where they are.
fn run(aws: &Aws, topic: &str, settings: &str, events: &[String]) -> Outcome {
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipelines/sns-alerts");
    let config = std::fs::read_to_string(recipe.join("dastap.yaml")).expect("the recipe");
    let (kept, source) = config.split_once("sources:").expect("a source");
    let (_, rest) = source.split_once("\n\n").expect("a section behind the sources");
    let config = format!("{kept}sources: [ {{ type: stdin }} ]\n\n{rest}");
    let placeholder = "arn:aws:sns:eu-west-1:123456789012:database-alerts";
    assert!(config.contains(placeholder), "the recipe names a topic");
    let here = format!("{topic}\n    endpoint-url: {}{settings}", aws.endpoint);
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name| -> PathBuf { folder.path().join(name) };
    std::fs::write(path("dastap.yaml"), config.replace(placeholder, &here)).expect("the folder is writable");
    std::fs::create_dir(path("rules")).expect("the folder is writable");
    for rule in std::fs::read_dir(recipe.join("rules")).expect("rules") {
        let rule = rule.expect("a rule").path();
        std::fs::copy(&rule, path("rules").join(rule.file_name().expect("a name"))).expect("a copy");
    }
    let record = record::plain(&document::of(events));
    Dastap::new("run").arg(path("dastap.yaml")).stdin(record).run().expect(0)
}

fn event(statement: u64, command: &str, user: &str, text: &str) -> String {
    let class = if command == "SELECT" { "READ" } else { "DDL" };
    json!({
        "type": "record", "class": class, "command": command, "commandText": text, "databaseName": "app",
        "dbUserName": user, "remoteHost": "10.0.0.7", "statementId": statement, "exitCode": "0",
        "serverType": "PostgreSQL",
    })
    .to_string()
}

fn subjects(published: &[Value]) -> Vec<&str> {
    published.iter().map(|message| message["Subject"].as_str().expect("a subject")).collect()
}

#[test]
fn a_rule_and_user_is_told_once_and_the_rest_is_counted() {
    let mut aws = Aws::start();
    let (topic, queue) = aws.make_topic("alerts");
    // It comes through although the topic is throttled.
    aws.fail("Publish", 400, "Throttling", 1);
    let mut events: Vec<_> = (0..5).map(|number| event(number, "SELECT", "bob", "select 1")).collect();
    events.extend((5..8).map(|number| event(number, "DROP TABLE", "bob", "drop table orders")));
    events.push(event(8, "DROP TABLE", "eve", &format!("drop table {}", "x".repeat(300_000))));
    run(&aws, &topic, "", &events);
    let published = aws.published(&queue);
    let rule = "Table or schema dropped";
    assert_eq!(
        subjects(&published),
        [&format!("[high] {rule} by bob"), &format!("[high] {rule} by eve"), "2 further alerts"]
    );
    let message = |index: usize| published[index]["Message"].as_str().expect("a message");
    assert!(
        message(0).contains("Client:   10.0.0.7\n") && message(0).ends_with("\n\ndrop table orders"),
        "{}",
        message(0)
    );
    assert_eq!(published[0]["MessageAttributes"]["level"]["Value"], "high");
    assert!(message(1).len() < 256 << 10 && message(1).ends_with(" of 300011 bytes]"));
    assert!(message(2).contains(&format!("       2  {rule} by bob\n")), "{}", message(2));
    assert_eq!(aws.calls("Publish"), 4, "one was throttled");
}

#[test]
fn no_alert_is_uncounted_when_there_are_too_many() {
    let mut aws = Aws::start();
    let (topic, queue) = aws.make_topic("alerts");
    let events: Vec<_> =
        (0..40).map(|user| event(user, "DROP TABLE", &format!("user{user}"), "drop table a")).collect();
    run(&aws, &topic, "", &events);
    let published = aws.published(&queue);
    assert_eq!(published.len(), 11);
    assert_eq!(subjects(&published).last(), Some(&"30 further alerts"));
    let told = [subjects(&published).join("\n"), published[10]["Message"].as_str().expect("a message").to_owned()];
    let told = told.join("\n");
    for user in 0..40 {
        let by = format!("by user{user}");
        assert_eq!(told.lines().filter(|line| line.ends_with(&by)).count(), 1, "{by}");
    }
}

#[test]
fn an_alert_that_sns_refuses_is_kept() {
    let mut aws = Aws::start();
    let (topic, queue) = aws.make_topic("alerts");
    aws.fail("Publish", 400, "InvalidParameter", 1);
    let events = [event(1, "DROP TABLE", "bob", "drop table a"), event(2, "DROP TABLE", "bob", "drop table b")];
    let outcome = run(&aws, &topic, "", &events);
    assert_eq!(subjects(&aws.published(&queue)), ["1 further alert"]);
    let dead = std::fs::read_to_string(outcome.folder.path().join("failed.ndjson")).expect("a dead letter");
    let dead: Value = serde_json::from_str(&dead).expect("one line");
    assert_eq!(dead["sink"], "sns");
    assert_eq!(dead["event"]["statementId"], 1);
}
