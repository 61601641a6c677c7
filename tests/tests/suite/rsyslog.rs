//! rsyslog with dastap as its child: the files of `pipelines/rsyslog`, run by the real rsyslogd.

use std::path::Path;

use dastap_tests::pipeline::{Corpus, Installed, Running, free_port, installed, send};

/// A record that is none, and that rsyslog hands on as it is.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

/// rsyslogd with one of the pipeline's configurations, listening on `port` instead of `usual`.
fn rsyslog(configuration: &str, usual: &str, port: u16) -> (Installed, Running) {
    let folder = Installed::new("rsyslog", &[(usual, &port.to_string())]);
    let running = start(&folder, configuration);
    (folder, running)
}

fn start(folder: &Installed, configuration: &str) -> Running {
    let mut command = installed(Path::new("/usr/sbin/rsyslogd"), "Debian's rsyslog");
    command.arg("-n").arg("-f").arg(folder.path(configuration)).arg("-i").arg(folder.path("rsyslogd.pid"));
    folder.start(&mut command)
}

#[test]
fn mmexternal_and_foreach_make_messages_of_events() {
    let port = free_port();
    let (folder, rsyslog) = rsyslog("mmexternal.conf", "10514", port);
    send(port, &format!("{BAD}\n{}", Corpus::shared().stream.text()));
    folder.expect_corpus("events.ndjson");
    folder.until("the record that fails", || folder.values("failed.ndjson").len() == 1);
    let failed = &folder.values("failed.ndjson")[0];
    assert_eq!(failed["record"], BAD, "as it came");
    assert_eq!(failed["dastap_error"]["stage"], "envelope", "{failed}");
    assert!(rsyslog.stop().success());
    assert_eq!(folder.text("unanswered.ndjson"), "", "every line had an answer");
}

#[test]
fn what_omprog_sends_is_confirmed_when_the_sinks_have_it() {
    let port = free_port();
    let (folder, rsyslog) = rsyslog("omprog.conf", "10515", port);
    send(port, &format!("{BAD}\n{}", Corpus::shared().stream.text()));
    folder.expect_corpus("events.ndjson");
    let letters = folder.values("failed.ndjson");
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["error"]["stage"], "envelope", "{}", letters[0]);
    assert!(rsyslog.stop().success());
}

#[test]
fn omprog_sends_again_what_a_restart_left_unconfirmed() {
    let port = free_port();
    let folder = Installed::new("rsyslog", &[("10515", &port.to_string())]);
    // Nothing can be decoded yet: the child ends at once, and nothing is confirmed.
    std::fs::rename(folder.path("keyring.json"), folder.path("elsewhere.json")).expect("a file");
    let rsyslog = start(&folder, "omprog.conf");
    send(port, &Corpus::shared().stream.text());
    // A second lies between two children: by the third rsyslog has read all that was sent.
    folder.until("three children that ended", || folder.text("dastap.log").matches("cannot read keyring").count() >= 3);
    assert!(rsyslog.stop().success());
    assert!(queued(&folder) > Corpus::shared().stream.text().len(), "the records are on disk");
    std::fs::rename(folder.path("elsewhere.json"), folder.path("keyring.json")).expect("a file");
    assert_eq!(folder.text("events.ndjson"), "");
    let _rsyslog = start(&folder, "omprog.conf");
    folder.expect_corpus("events.ndjson");
}

/// Bytes in the files of the disk queue.
fn queued(folder: &Installed) -> usize {
    (1..100).map(|number| folder.text(&format!("das.{number:08}")).len()).sum()
}
