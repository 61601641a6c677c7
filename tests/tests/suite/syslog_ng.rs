//! syslog-ng with dastap between a destination and a source: the files of `pipelines/syslog-ng`, run by the real
//! syslog-ng. Debian's package conflicts with rsyslog's, so it is unpacked beside the system.

use std::process::Command;

use dastap_tests::pipeline::{Corpus, Installed, Running, free_port, installed, peers, send};

/// A record that is none.
const BAD: &str =
    r#"{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"?","key":"?"}"#;

fn start(folder: &Installed) -> Running {
    let root = peers().join("syslog-ng");
    let libraries = ["usr/lib/syslog-ng", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
    let libraries = libraries.map(|libraries| root.join(libraries).display().to_string()).join(":");
    let mut command = installed(&root.join("usr/sbin/syslog-ng"), "Debian's syslog-ng");
    command.env("LD_LIBRARY_PATH", libraries).args(["--foreground", "--no-caps"]);
    let modules = std::fs::read_dir(root.join("usr/lib/syslog-ng")).expect("syslog-ng's libraries");
    let modules = modules.map(|entry| entry.expect("an entry").path()).find(|path| path.is_dir()).expect("its modules");
    command.arg("--module-path").arg(modules);
    for (option, file) in [("-f", "syslog-ng.conf"), ("-R", "persist"), ("-p", "pid"), ("-c", "control")] {
        command.arg(option).arg(folder.path(file));
    }
    folder.start(&mut command)
}

#[test]
fn a_destination_and_a_source_with_dastap_between_them() {
    let port = free_port();
    let folder = Installed::new("syslog-ng", &[("10516", &port.to_string())]);
    let pipe = Command::new("mkfifo").arg(folder.path("events.pipe")).status();
    assert!(pipe.expect("mkfifo runs").success());
    let syslog_ng = start(&folder);
    send(port, &format!("{BAD}\n{}", Corpus::shared().stream.text()));
    folder.expect_corpus("events.ndjson");
    let letters = folder.values("failed.ndjson");
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["error"]["stage"], "envelope", "{}", letters[0]);
    assert!(syslog_ng.stop().success());
    // To the byte, too: nothing on the way reads the events.
    let mut lines: Vec<String> = folder.text("events.ndjson").lines().map(str::to_owned).collect();
    let mut expected = Corpus::shared().lines.clone();
    lines.sort();
    expected.sort();
    assert!(lines == expected);
}
