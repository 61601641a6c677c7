//! The real MultiLangDaemon with dastap as its children, against moto's Kinesis and DynamoDB: the files of
//! `pipelines/kcl`. A worker killed in the middle, a shard split while it is read, an orderly end.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use dastap_tests::peer;
use dastap_tests::pipeline::{Corpus, Installed, Running, free_port, ids, installed, json, peers};
use serde_json::Value;

const STREAM: &str = "aws-rds-das-cluster-ABC123";
const DAEMON: &str = "software.amazon.kinesis.multilang.MultiLangDaemon";

/// Kinesis and DynamoDB at a loopback port.
struct Amazon {
    endpoint: String,
    _server: Running,
}

impl Amazon {
    fn start(folder: &Installed) -> Self {
        let port = free_port();
        let _server = folder.start(peer::command("kcl.py").args(["serve", &port.to_string()]));
        folder.until("Kinesis listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Amazon { endpoint: format!("http://127.0.0.1:{port}"), _server }
    }

    fn ask(&self, what: &str, arguments: &[&str], stdin: &str) -> String {
        let arguments = [&[what, &self.endpoint], arguments].concat();
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        peer::run("kcl.py", &arguments, stdin.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    fn put(&self, records: impl Iterator<Item = usize>) {
        let records: String = records.map(|at| format!("{}\n", Corpus::shared().stream.records[at].line)).collect();
        self.ask("put", &[STREAM], &records);
    }

    /// Of every lease: what is saved, and the number of the shard's last record.
    fn leases(&self) -> Vec<(String, Value)> {
        let leases = json(&self.ask("leases", &["dastap", STREAM], ""));
        leases.as_object().expect("an object").iter().map(|(shard, lease)| (shard.clone(), lease.clone())).collect()
    }
}

fn daemon(folder: &Installed) -> Running {
    let jars = peers().join("kcl");
    assert!(jars.is_dir(), "{} is missing: run `make test`, which installs it", jars.display());
    let mut java = installed(Path::new("/usr/bin/java"), "a Java runtime");
    // moto speaks no CBOR.
    java.args(["-Xmx256m", "-Daws.cborEnabled=false", "-cp", &format!("{}/*", jars.display()), DAEMON]);
    java.args(["--properties-file", "dastap.properties"]);
    java.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_REGION", "eu-west-1");
    folder.start(&mut java)
}

/// The pipeline's properties, with the test's addresses, and with times that a test can wait for.
fn configure(folder: &Installed, endpoint: &str) {
    let mut properties =
        std::fs::File::options().append(true).open(folder.path("dastap.properties")).expect("the pipeline's file");
    let more = format!(
        "kinesisEndpoint = {endpoint}\ndynamoDBEndpoint = {endpoint}\nmetricsLevel = NONE\n\
         idleTimeBetweenReadsInMillis = 300\nshardSyncIntervalMillis = 2000\nfailoverTimeMillis = 3000\n"
    );
    properties.write_all(more.as_bytes()).expect("the folder is writable");
}

/// What reached the sink so far, whole lines only: the worker that was killed may have left half a line.
fn events(folder: &Installed) -> Vec<Value> {
    folder.text("events.ndjson").lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn nothing_is_lost_when_a_worker_is_killed_and_a_shard_is_split() {
    let folder = Installed::new("kcl", &[]);
    let amazon = Amazon::start(&folder);
    configure(&folder, &amazon.endpoint);
    amazon.ask("create", &[STREAM, "2"], "");
    amazon.put(0..400);

    let killed = daemon(&folder);
    folder.until("the first events", || !folder.text("events.ndjson").is_empty());
    killed.kill();
    let before = events(&folder).len();

    amazon.put(400..600);
    let worker = daemon(&folder);
    folder.until("the second worker's events", || events(&folder).len() > before);
    amazon.ask("split", &[STREAM], "");
    amazon.put(600..1000);
    let wanted = Corpus::shared().ids();
    folder.until("all events", || ids(&events(&folder)) == wanted);

    // As a container platform or systemd does it: everybody is told at once.
    worker.stop_all();
    let leases = amazon.leases();
    assert_eq!(leases.len(), 4, "two shards, and two children of one of them: {leases:?}");
    let ended = leases.iter().filter(|(_, lease)| lease["checkpoint"] == "SHARD_END").count();
    assert_eq!(ended, 1, "{leases:?}");
    for (shard, lease) in leases.iter().filter(|(_, lease)| lease["checkpoint"] != "SHARD_END") {
        assert_eq!(lease["checkpoint"], lease["last"], "{shard}: the last checkpoint is made at the end");
    }
    let lines = events(&folder).len();
    assert!(lines >= wanted.len());
    eprintln!("{lines} lines for {} events: {} came twice", wanted.len(), lines - wanted.len());
    assert_eq!(folder.text("failed.ndjson"), "");
}
