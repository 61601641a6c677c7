//! A KMS that is away, throttles, denies, or whose key is disabled. Data keys are kept for a second only, so that it is
//! asked again and again, and each third of the records has keys of its own.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::corpus::Corpus;
use super::stage::{EVENTS, Recovery, Stage, recovery, wait_for};
use super::{Row, Scale};
use crate::peer::Kms;
use crate::running::Running;

/// How long a refusal is remembered.
const REFUSED: Duration = Duration::from_secs(1);

/// Nobody listens.
pub(super) fn down(scale: Scale) -> Row {
    let (mut stage, mut kms) = under_kms(scale);
    let (running, recovery) = disturbed(&mut stage, &mut kms, scale, Kms::close, Kms::open);
    assert!(running.log().contains("the stream waits"), "{}", running.log());
    ended("KMS down", running, &stage).recovered(recovery).checked(0)
}

/// Half of the requests are refused for their number.
pub(super) fn throttling(scale: Scale) -> Row {
    let (mut stage, mut kms) = under_kms(scale);
    let throttle = |kms: &mut Kms| kms.fail_share(0.5, 400, "ThrottlingException");
    let (running, recovery) = disturbed(&mut stage, &mut kms, scale, throttle, |kms| kms.fail(400, "", 0));
    let note = format!("{} calls", kms.decrypt_calls());
    ended("KMS throttling 50 %", running, &stage).recovered(recovery).note(note).checked(0)
}

/// Access is denied, and then it is not any more.
pub(super) fn denying(scale: Scale) -> Row {
    let (mut stage, mut kms) = under_kms(scale);
    let (mut running, mut count) = begun(&mut stage, scale);
    kms.fail(400, "AccessDeniedException", u32::MAX);
    stage.publish(stage.part(1, 3));
    sleep(scale.outage);
    // What comes now is denied no more; what came before is in the dead letter, all of it.
    wait_for(&mut running, scale.records * 2 / 3, &mut count);
    kms.fail(400, "", 0);
    let (ended, before) = (Instant::now(), count());
    // So long a refusal is remembered.
    sleep(REFUSED);
    stage.publish(stage.part(2, 3));
    let recovery = recovery(&mut running, ended, before, scale.records, &mut count);
    let row = refused("KMS denying", running, &stage);
    assert!(row.tally.delivered > scale.records / 4, "the last third, but for a second");
    row.recovered(recovery).checked(0)
}

/// The key is disabled midway, and stays so.
pub(super) fn disabled(scale: Scale) -> Row {
    let (mut stage, mut kms) = under_kms(scale);
    let (mut running, mut count) = begun(&mut stage, scale);
    wait_for(&mut running, stage.part(0, 3).len(), &mut count);
    kms.disable_key();
    stage.publish(stage.part(1, 3));
    stage.publish(stage.part(2, 3));
    wait_for(&mut running, scale.records, &mut count);
    refused("key disabled midway", running, &stage).checked(0)
}

fn under_kms(scale: Scale) -> (Stage, Kms) {
    let mut kms = Kms::start();
    let corpus = Corpus::new(scale.records, 0.0).under(&mut kms);
    let keys = format!(
        "provider: kms, region: eu-west-1, endpoint-url: '{}', cache: {{ ttl: 1s, refused-ttl: 1s, stale: 0s }}",
        kms.endpoint
    );
    (Stage::with_keys(corpus, &keys, &format!("type: file, path: {EVENTS}")), kms)
}

/// A pipeline in the middle of the first third.
fn begun(stage: &mut Stage, scale: Scale) -> (Running, impl FnMut() -> usize + use<>) {
    stage.publish(stage.part(0, 3));
    let (mut running, mut count) = (stage.run().start(), stage.watch());
    wait_for(&mut running, scale.records / 30, &mut count);
    (running, count)
}

/// A fault that passes, while the second third comes in.
fn disturbed(
    stage: &mut Stage,
    kms: &mut Kms,
    scale: Scale,
    fault: impl FnOnce(&mut Kms),
    end: impl FnOnce(&mut Kms),
) -> (Running, Recovery) {
    let (mut running, mut count) = begun(stage, scale);
    fault(kms);
    stage.publish(stage.part(1, 3));
    sleep(scale.outage);
    stage.publish(stage.part(2, 3));
    let before = count();
    end(kms);
    let recovery = recovery(&mut running, Instant::now(), before, scale.records, &mut count);
    // What was decoded ahead without keys does not wait once more, record by record.
    let rest = Duration::from_secs(20) + Duration::from_millis(scale.records as u64);
    assert!(recovery.all < recovery.first + rest, "{recovery:?}");
    (running, recovery)
}

fn ended(case: &'static str, running: Running, stage: &Stage) -> Row {
    assert_eq!(running.stop(), 0);
    let tally = stage.tally();
    assert_eq!((tally.dead, tally.cut), (0, 0), "what may pass is waited for");
    Row::new(case, "objects > file", stage.corpus.records.len(), tally)
}

/// What was refused is in the dead letter, for this reason and no other.
fn refused(case: &'static str, running: Running, stage: &Stage) -> Row {
    assert_eq!(running.stop(), 0);
    let tally = stage.tally();
    assert!(tally.dead > 0 && tally.delivered > 0, "{tally:?}");
    assert_eq!(tally.reasons.keys().collect::<Vec<_>>(), ["refused"]);
    Row::new(case, "objects > file", stage.corpus.records.len(), tally)
}
