//! Sinks that are away, slow or full.

use std::process::Command;
use std::thread::sleep;
use std::time::Instant;

use serde_json::json;

use super::corpus::Corpus;
use super::stage::{EVENTS, FAILED, Stage, recovery, wait_for};
use super::{Row, Scale};
use crate::running::Running;
use crate::service::Service;

/// Most memory that a pipeline takes whose sink does not.
const MEMORY: u64 = 256 << 20;

/// Events in a request.
const REQUEST: usize = 500;

/// Nobody listens any more, and requests under way are cut.
pub(super) fn down(scale: Scale) -> Row {
    let (mut stage, mut service) = to_service(scale);
    stage.publish(stage.part(0, 3));
    let mut running = stage.run().start();
    wait_for(&mut running, scale.records / 30, &mut || service.count());
    service.close();
    stage.publish(stage.part(1, 3));
    sleep(scale.outage);
    stage.publish(stage.part(2, 3));
    let before = service.count();
    service.open();
    let recovery = recovery(&mut running, Instant::now(), before, scale.records, &mut || service.count());
    let row = ended(running, &stage, service);
    // A request that was cut may have been taken.
    Row { case: "sink down", ..row }.recovered(recovery).checked(4 * REQUEST)
}

/// Every request takes half a second longer.
pub(super) fn slow(scale: Scale) -> Row {
    let (mut stage, mut service) = to_service(scale);
    service.delay(0.5);
    stage.publish(stage.part(0, 1));
    let mut running = stage.run().start();
    sleep(scale.outage);
    let before = service.count();
    assert!(before < scale.records, "it was slow");
    let peak = memory(&running);
    assert!(peak < MEMORY, "the source waits: {} MiB", peak >> 20);
    service.delay(0.0);
    let recovery = recovery(&mut running, Instant::now(), before, scale.records, &mut || service.count());
    let row = ended(running, &stage, service);
    let note = format!("peak memory {} MiB, {before} delivered meanwhile", peak >> 20);
    Row { case: "slow sink", ..row }.recovered(recovery).note(note).checked(0)
}

/// No file may grow, which writes meet as an error where the signal is ignored, as on a full disk.
pub(super) fn disk_full(scale: Scale) -> Row {
    let mut stage = Stage::new(Corpus::new(scale.records, 0.0), &format!("type: file, path: {EVENTS}"));
    stage.publish(stage.part(0, 3));
    let (mut running, mut count) = (stage.run().ignoring("XFSZ").start(), stage.watch());
    wait_for(&mut running, scale.records / 30, &mut count);
    let limit = |running: &Running, bytes: &str| {
        let pid = running.id().to_string();
        let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:unlimited")]).status();
        assert!(limited.expect("prlimit is there").success());
    };
    // A little more than what is there: the log has room, a batch of events has not.
    let size = std::fs::metadata(stage.path(EVENTS)).expect("events").len();
    limit(&running, &(size + (64 << 10)).to_string());
    stage.publish(stage.part(1, 3));
    sleep(scale.outage);
    stage.publish(stage.part(2, 3));
    let before = count();
    assert!(before < scale.records * 2 / 3, "it was full");
    limit(&running, "unlimited");
    let recovery = recovery(&mut running, Instant::now(), before, scale.records, &mut count);
    assert!(running.log().contains("not accepted, trying again"), "{}", running.log());
    assert_eq!(running.stop(), 0);
    let tally = stage.tally();
    assert_eq!((tally.dead, tally.cut), (0, 0));
    Row::new("full disk", "objects > file", scale.records, tally).recovered(recovery).checked(0)
}

fn to_service(scale: Scale) -> (Stage, Service) {
    let mut service = Service::start();
    service.behave("ndjson", json!([]), &[]);
    let sink = format!("type: http, url: \"{}\", batch: {{ events: {REQUEST}, linger: 100ms }}", service.endpoint);
    (Stage::new(Corpus::new(scale.records, 0.0), &sink), service)
}

fn ended(running: Running, stage: &Stage, mut service: Service) -> Row {
    assert_eq!(running.stop(), 0);
    let accepted = service.accepted_texts();
    let tally = stage.corpus.tally(accepted.iter().map(String::as_str), stage.text(FAILED).lines());
    assert_eq!((tally.dead, tally.cut), (0, 0));
    Row::new("", "objects > http", stage.corpus.records.len(), tally)
}

/// The largest resident size so far, in bytes.
fn memory(running: &Running) -> u64 {
    let kilobytes = running.status("VmHWM").and_then(|text| text.parse::<u64>().ok());
    kilobytes.expect("it runs") << 10
}
