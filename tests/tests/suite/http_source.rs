//! Source `http` of `dastap run`: what clients post, and what becomes of it.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use dastap::synth::{Fault, Settings};
use dastap_tests::document::gzip;
use dastap_tests::program::Dastap;
use dastap_tests::running::{Running, free_address};
use dastap_tests::service::{Answer, Service};
use dastap_tests::stream::Synthetic;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A stream with some records that fail for good.
fn stream(records: u64) -> Synthetic {
    let faults = vec![Fault::NotJson, Fault::HeaderBit];
    Synthetic::new(Settings { records, events: 1..=3, faults, fault_rate: Some(5.0), ..Settings::default() })
}

/// `dastap run` with the source `http` in front of a file.
struct Relay {
    running: Running,
    folder: TempDir,
    client: Service,
    url: String,
    address: SocketAddr,
}

impl Relay {
    fn start(stream: &Synthetic, settings: &str) -> Self {
        Relay::with_sink(stream, settings, "{ type: file, path: events.ndjson }", Service::start())
    }

    fn with_sink(stream: &Synthetic, settings: &str, sink: &str, client: Service) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("token"), "hush\n").expect("writable");
        std::fs::write(folder.path().join("access-key"), "hush-hush").expect("writable");
        std::fs::write(folder.path().join("keys.json"), stream.keyring()).expect("writable");
        let address = free_address();
        let resources = stream.resources().join(", ");
        let config = format!(
            "keys: {{ keyring: keys.json }}\n\
             transform: {{ resources: [{resources}] }}\n\
             sources: [ {{ type: http, listen: \"{address}\", {settings} }} ]\n\
             sinks: [ {sink} ]\n\
             dead-letter: {{ type: file, path: failed.ndjson }}\n"
        );
        std::fs::write(folder.path().join("dastap.yaml"), config).expect("writable");
        let run = Dastap::new("run").in_folder(folder.path()).args(["dastap.yaml", "--log-format", "json"]);
        let mut running = run.start();
        running.until_it_listens(address);
        Relay { running, folder, client, url: format!("http://{address}"), address }
    }

    fn post(&mut self, path: &str, headers: Value, body: impl AsRef<[u8]>) -> Answer {
        self.client.post(&format!("{}{path}", self.url), headers, body)
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["eventId"].as_str().expect("an id").to_owned()).collect()
}

/// What decoding the stream gives: the ids of its events, and how many records fail.
fn expected(stream: &Synthetic) -> (BTreeSet<String>, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let outcome = stream.run("decode", folder.path()).run().expect(1);
    let failed = stream.records.iter().filter(|record| record.fault.is_some()).count();
    assert!(failed > 0, "some fail");
    (ids(&outcome.lines()), failed)
}

#[test]
fn a_relayed_body_is_answered_when_the_sinks_have_it() {
    let stream = stream(400);
    let (expected, failed) = expected(&stream);
    let mut relay = Relay::start(&stream, "");
    for (path, headers, body) in [
        ("/relay", json!({}), stream.text().into_bytes()),
        ("/relay", json!({ "Content-Encoding": "gzip" }), gzip(stream.text().as_bytes())),
        ("/relay", json!({}), gzip(stream.text().as_bytes())),
    ] {
        let before = relay.lines("events.ndjson").len();
        let dead_before = relay.lines("failed.ndjson").len();
        let answer = relay.post(path, headers, body);
        assert_eq!((answer.status, answer.json()), (200, json!({ "records": 400 })));
        // What was answered is in the files already.
        let events = relay.lines("events.ndjson");
        assert_eq!(events.len() - before, expected.len());
        assert_eq!(ids(&events), expected);
        assert_eq!(relay.lines("failed.ndjson").len() - dead_before, failed);
    }
    assert_eq!(relay.running.stop(), 0);
}

#[test]
fn a_decoded_body_comes_back_with_a_verdict_for_each_record() {
    let stream = stream(300);
    let (expected, failed) = expected(&stream);
    let mut relay = Relay::start(&stream, "");
    let answer = relay.post("/decode", json!({}), stream.text());
    assert_eq!((answer.status, &answer.headers["content-type"]), (200, &json!("application/x-ndjson")), "{answer:?}");
    let count = |name: &str| answer.headers[name].as_str().expect("a header").parse::<usize>().expect("a number");
    assert_eq!((count("dastap-records"), count("dastap-failed")), (300, failed));
    assert_eq!((count("dastap-decoded"), count("dastap-events")), (300 - failed, expected.len()));
    let lines = answer.body.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let (dead, events): (Vec<Value>, Vec<Value>) = lines.partition(|line: &Value| line.get("error").is_some());
    assert_eq!((ids(&events), dead.len()), (expected.clone(), failed));
    // Failed records come back whole: posting them again gives the same failures.
    let again: String = dead.iter().map(|line| format!("{line}\n")).collect();
    let answer = relay.post("/decode", json!({}), again);
    assert_eq!(answer.headers["dastap-failed"], json!(failed.to_string()));

    let answer = relay.post("/decode", json!({ "Accept": "application/json" }), stream.text());
    let Value::Array(verdicts) = answer.json()["verdicts"].take() else { panic!("{answer:?}") };
    let indices: Vec<u64> = verdicts.iter().map(|verdict| verdict["index"].as_u64().expect("a number")).collect();
    assert_eq!(indices, (0..300).collect::<Vec<_>>());
    let outputs = verdicts.iter().filter_map(|verdict| verdict["outputs"].as_array()).flatten();
    let events: Vec<Value> = outputs.flat_map(|output| output["events"].as_array().expect("a list").clone()).collect();
    assert_eq!(ids(&events), expected);
    assert_eq!(verdicts.iter().filter(|verdict| verdict.get("error").is_some()).count(), failed);
    assert!(relay.lines("events.ndjson").is_empty(), "the sinks see nothing of it");
}

/// A delivery as Firehose posts it.
fn delivery(id: &str, stream: &Synthetic) -> Value {
    let data = |line: &String| json!({ "data": BASE64_STANDARD.encode(line) });
    let records: Vec<Value> = stream.records.iter().map(|record| data(&record.line)).collect();
    json!({ "requestId": id, "timestamp": 1_578_090_901_599_u64, "records": records })
}

fn firehose_headers(id: &str, key: &str) -> Value {
    json!({
        "Content-Type": "application/json",
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": id,
        "X-Amz-Firehose-Access-Key": key,
        "X-Amz-Firehose-Source-Arn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/audit",
        "X-Amz-Firehose-Common-Attributes": "{\"commonAttributes\":{\"team\":\"db\"}}",
    })
}

#[test]
fn firehose_is_spoken_to_the_letter() {
    let stream = stream(200);
    let (expected, failed) = expected(&stream);
    let mut relay = Relay::start(&stream, "access-key: { file: access-key }, body: 1MiB, unpacked: 4MiB");
    let id = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f";
    let body = delivery(id, &stream).to_string();
    let exact = |answer: &Answer, status: u64| {
        assert_eq!(
            (answer.status, &answer.headers["content-type"]),
            (status, &json!("application/json")),
            "{answer:?}"
        );
        assert_eq!(answer.headers["content-length"], json!(answer.body.len().to_string()));
        let body = answer.json();
        assert_eq!(body["requestId"], id);
        assert!(body["timestamp"].as_u64().is_some_and(|now| now > 1_700_000_000_000), "milliseconds: {body}");
        assert_eq!(body.get("errorMessage").is_some(), status != 200, "{body}");
        body
    };
    // Nothing of a refused request reaches the sinks.
    for (headers, body, status) in [
        (firehose_headers(id, "wrong"), body.clone(), 401),
        (firehose_headers(id, ""), body.clone(), 401),
        (firehose_headers(id, "hush-hush"), "{\"requestId\":1}".to_owned(), 400),
        (firehose_headers(id, "hush-hush"), delivery("another", &stream).to_string(), 400),
        (firehose_headers(id, "hush-hush"), " ".repeat(2 << 20), 400),
    ] {
        exact(&relay.post("/firehose", headers, body), status);
    }
    let mut other = firehose_headers(id, "hush-hush");
    other["Content-Type"] = json!("text/plain");
    exact(&relay.post("/firehose", other, &body), 415);
    assert!(relay.lines("events.ndjson").is_empty() && relay.lines("failed.ndjson").is_empty());

    exact(&relay.post("/firehose", firehose_headers(id, "hush-hush"), &body), 200);
    assert_eq!((ids(&relay.lines("events.ndjson")), relay.lines("failed.ndjson").len()), (expected.clone(), failed));
    let mut packed = firehose_headers(id, "hush-hush");
    packed["Content-Encoding"] = json!("gzip");
    exact(&relay.post("/firehose", packed, gzip(body.as_bytes())), 200);
    assert_eq!(relay.lines("events.ndjson").len(), 2 * expected.len());
    let log = relay.running.log();
    assert!(!log.contains("hush") && !log.contains("databaseActivityEvents"), "{log}");
}

#[test]
fn a_token_is_asked_for() {
    let mut relay = Relay::start(&stream(1), "token: { file: token }");
    for (headers, status) in [
        (json!({}), 401),
        (json!({ "Authorization": "Bearer wrong" }), 401),
        (json!({ "Authorization": "hush" }), 401),
        (json!({ "Authorization": "Bearer hush" }), 200),
    ] {
        assert_eq!(relay.post("/relay", headers.clone(), "").status, status, "{headers}");
        assert_eq!(relay.post("/decode", headers.clone(), "").status, status, "{headers}");
        assert_eq!(relay.client.get(&format!("{}/metrics", relay.url), headers.clone()).status, status, "{headers}");
    }
    let id = "ed4acda5";
    let body = json!({ "requestId": id, "timestamp": 1, "records": [] }).to_string();
    assert_eq!(relay.post("/firehose", firehose_headers(id, "wrong"), &body).status, 401);
    assert_eq!(relay.post("/firehose", firehose_headers(id, "hush"), &body).status, 200);
    assert_eq!(relay.client.get(&format!("{}/healthz", relay.url), json!({})).status, 200);
    assert_eq!(relay.post("/nowhere", json!({}), "").status, 404);
}

#[test]
fn bodies_are_bounded() {
    let mut relay = Relay::start(&stream(1), "body: 1MiB, unpacked: 8MiB, receive-timeout: 3s");
    for path in ["/relay", "/decode"] {
        let large = relay.post(path, json!({}), vec![b' '; (1 << 20) + 1]);
        assert_eq!(large.status, 413, "{large:?}");
        // 100 MiB of white space hold no record: only the count of bytes ends it.
        let bomb = gzip(&vec![b' '; 100 << 20]);
        assert!(bomb.len() < 1 << 20);
        let bomb = relay.post(path, json!({ "Content-Encoding": "gzip" }), bomb);
        assert_eq!((bomb.status, bomb.json()["error"].as_str().unwrap().contains("unpacked")), (413, true), "{bomb:?}");
        let packed = gzip(stream(50).text().as_bytes());
        let cut = relay.post(path, json!({}), &packed[..packed.len() - 9]);
        assert_eq!(cut.status, 400, "{cut:?}");
        assert_eq!(relay.post(path, json!({ "Content-Encoding": "br" }), "x").status, 415);
        assert_eq!(relay.post(path, json!({ "dastap-resource": "orders" }), "x").status, 400);
    }
}

#[test]
fn a_slow_client_is_sent_away() {
    let relay = Relay::start(&stream(1), "receive-timeout: 3s");
    let answer_to = |request: &str| {
        let mut connection = TcpStream::connect(relay.address).expect("it listens");
        connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        connection.write_all(request.as_bytes()).expect("it reads");
        let (begun, mut answer) = (Instant::now(), Vec::new());
        // What it sent before it closed counts, however it closed.
        let _ = connection.read_to_end(&mut answer);
        (String::from_utf8(answer).expect("text"), begun.elapsed())
    };
    let (answer, after) = answer_to("POST /relay HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"type\":");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!((2.0..10.0).contains(&after.as_secs_f64()), "{after:?}");
    // Headers that never end are cut off sooner, and without an answer or with 408.
    let (answer, after) = answer_to("POST /relay HTTP/1.1\r\nHost: x\r\nX-A");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(after < Duration::from_secs(10), "{after:?}");
    // Half a record is nobody's record.
    assert!(relay.lines("failed.ndjson").is_empty());
}

#[test]
fn requests_are_sent_back_while_there_are_no_keys() {
    let stream = Synthetic::new(Settings { records: 20, heartbeats: 0.0, ..Settings::default() });
    let mut relay = Relay::start(&stream, "keys: { provider: kms, endpoint-url: \"http://127.0.0.1:1\" }");
    for path in ["/relay", "/decode"] {
        let answer = relay.post(path, json!({}), stream.text());
        assert_eq!((answer.status, &answer.headers["retry-after"]), (503, &json!("5")), "{answer:?}");
        assert_eq!(answer.json()["accepted"], 0);
    }
    let body = delivery("1", &stream).to_string();
    let answer = relay.post("/firehose", firehose_headers("1", ""), body);
    assert_eq!((answer.status, &answer.json()["requestId"]), (503, &json!("1")));
    assert!(relay.lines("events.ndjson").is_empty() && relay.lines("failed.ndjson").is_empty());
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let stream = stream(50);
    let (expected, _) = expected(&stream);
    let mut service = Service::start();
    service.hold();
    let sink = format!("{{ type: http, url: \"{}\" }}", service.endpoint);
    let mut relay = Relay::with_sink(&stream, "", &sink, Service::start());
    let url = format!("{}/relay", relay.url);
    let client = &mut relay.client;
    let (answer, held) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.post(&url, json!({}), stream.text()));
        std::thread::sleep(Duration::from_secs(1));
        let early = waiting.is_finished();
        relay.running.terminate();
        std::thread::sleep(Duration::from_millis(500));
        service.release();
        (waiting.join().expect("a client"), !early)
    });
    assert!(held, "no answer before the sink has accepted");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(ids(&service.accepted()), expected);
    assert_eq!(relay.running.end(), 0, "{}", relay.running.log());
}

#[test]
fn tls_is_spoken_with_the_given_certificate() {
    let certificates = tempfile::tempdir().expect("a folder");
    let client = Service::with_tls(certificates.path());
    let path = |name| certificates.path().join(name);
    let settings =
        format!("tls: {{ certificate: \"{}\", key: \"{}\" }}", path("ca.pem").display(), path("key.pem").display());
    let stream = stream(10);
    let sink = "{ type: file, path: events.ndjson }";
    let mut relay = Relay::with_sink(&stream, &settings, sink, client);
    let url = format!("https://{}/relay", relay.address);
    let ca = path("ca.pem");
    let text = stream.text();
    let answer = relay.client.request(&url, json!({}), Some(text.as_bytes()), Some(&ca));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(relay.client.request(&url, json!({}), Some(text.as_bytes()), None).status, 0, "not trusted by others");
    assert_eq!(relay.client.post(&url.replace("https", "http"), json!({}), &text).status, 0, "nothing but TLS");
}
