//! Vector with dastap beside it: `pipelines/vector`, by a stub of Vector that answers as with acknowledgements on.

use std::net::TcpStream;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use dastap_tests::document::gzip;
use dastap_tests::peer;
use dastap_tests::pipeline::{Corpus, Installed, free_port};
use dastap_tests::program::built;
use dastap_tests::service::Service;
use serde_json::{Value, json};

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

/// The pipeline's folder with the corpus in it, on ports of its own.
fn install() -> Installed {
    let (vector, dastap) = (free_port().to_string(), free_port().to_string());
    let folder = Installed::new("vector", &[("8687", &vector), ("9599", &dastap)]);
    let records = format!("{BAD}\n{}", Corpus::shared().stream.text());
    std::fs::write(folder.path("records.ndjson"), records).expect("the folder is writable");
    folder
}

fn expect_bad(folder: &Installed) {
    let letters = folder.values("failed.ndjson");
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["error"]["stage"], "envelope", "{}", letters[0]);
}

#[test]
fn dastap_posts_to_http_server_until_its_sink_has_the_events() {
    let folder = install();
    let _vector = folder.start(peer::command("vector.py").args(["2", "http_server.yaml"]));
    let command = format!("{} run run.yaml < records.ndjson", built("dastap").display());
    let dastap = folder.start(Command::new("sh").args(["-c", &command]));
    assert!(dastap.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
}

#[test]
fn a_relay_answers_when_the_second_vector_has_answered() {
    let folder = install();
    let _dastap = folder.start(Command::new(built("dastap")).args(["run", "relay.yaml"]));
    let _vector = folder.start(peer::command("vector.py").args(["0", "http_server.yaml", "relay_source.yaml"]));
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
}

/// What Firehose's HTTP endpoint destination sends, by its documentation: headers and body.
fn delivery(id: &str, key: &str, records: &[&str]) -> (Value, Vec<u8>) {
    let headers = json!({
        "Content-Type": "application/json",
        "User-Agent": "Amazon Kinesis Data Firehose Agent/1.0",
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": id,
        "X-Amz-Firehose-Source-Arn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/to-dastap",
        "X-Amz-Firehose-Access-Key": key,
        "X-Amz-Firehose-Common-Attributes": r#"{"commonAttributes":{"deployment-context":"pre-prod"}}"#,
    });
    let records: Vec<_> = records.iter().map(|record| json!({ "data": BASE64_STANDARD.encode(record) })).collect();
    (
        headers,
        json!({ "requestId": id, "timestamp": 1_578_090_901_599_u64, "records": records }).to_string().into_bytes(),
    )
}

#[test]
fn firehose_has_its_answer_when_vector_has_the_events() {
    let folder = install();
    let config = folder.text("firehose.yaml");
    let address = config.split_once("listen: \"").and_then(|(_, rest)| rest.split_once('"')).expect("an address").0;
    let _vector = folder.start(peer::command("vector.py").args(["2", "http_server.yaml"]));
    let program = built("dastap");
    let _dastap = folder.start(Command::new(program).args(["run", "firehose.yaml"]).env("FIREHOSE_ACCESS_KEY", "hush"));
    folder.until("dastap listens", || TcpStream::connect(address).is_ok());
    let (mut firehose, url) = (Service::start(), format!("http://{address}/firehose"));
    let text = folder.text("records.ndjson");
    let records: Vec<&str> = text.lines().collect();

    let (headers, body) = delivery("ed4acda5", "wrong", &records);
    let refused = firehose.post(&url, headers, body);
    assert_eq!((refused.status, &refused.json()["requestId"]), (401, &json!("ed4acda5")), "{refused:?}");
    assert!(refused.json()["errorMessage"].is_string(), "{refused:?}");

    for (number, records) in records.chunks(143).enumerate() {
        let id = format!("ed4acda5-034f-9f42-bba1-{number:012}");
        let (mut headers, mut body) = delivery(&id, "hush", records);
        // With content encoding GZIP, a setting of the destination, the body is packed; both may come.
        if number % 2 == 0 {
            headers["Content-Encoding"] = json!("gzip");
            body = gzip(&body);
        }
        let before = folder.values("events.ndjson").len();
        let answer = firehose.post(&url, headers, body);
        assert_eq!((answer.status, &answer.headers["content-type"]), (200, &json!("application/json")), "{answer:?}");
        assert_eq!(answer.json()["requestId"], json!(id));
        assert_eq!(answer.json().get("errorMessage"), None);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64;
        assert!(now.abs_diff(answer.json()["timestamp"].as_u64().expect("milliseconds")) < 60_000, "{answer:?}");
        assert!(folder.values("events.ndjson").len() > before, "Vector has them already");
    }
    assert_eq!(
        folder.values("events.ndjson").len(),
        Corpus::shared().lines.len(),
        "with the last answer, all are there"
    );
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
    assert!(!folder.text("log").contains("hush"));
}

#[test]
fn exec_reads_the_events_of_the_long_running_program() {
    let folder = install();
    // What `exec.yaml` names; `stdin` is the source where there is no stream.
    let command = folder.text("exec.yaml");
    let command = command.lines().find_map(|line| line.trim().strip_prefix("command: ["));
    let command = command.and_then(|line| line.strip_suffix(']')).expect("a command").replace(',', " ");
    let command = format!("{command} < records.ndjson > events.ndjson");
    let dastap = folder.start(Command::new("sh").args(["-c", &command]));
    assert!(dastap.ended().success(), "{}", folder.text("log"));
    folder.expect_corpus("events.ndjson");
    expect_bad(&folder);
}
