//! Processes that are killed, told to stop, or one too many.

use std::hash::{BuildHasher, RandomState};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::corpus::Corpus;
use super::stage::{EVENTS, Recovery, Stage, recovery, wait_for};
use super::{Row, Scale};

/// How often a process is told to stop.
const STOPS: usize = 5;

/// A process lives no longer than this before it is killed.
const LIFE: Duration = Duration::from_millis(700);

/// kill -9, again and again, wherever the process happens to be.
pub(super) fn killed(scale: Scale) -> Row {
    let mut stage = to_file(scale);
    let (rounds, mut count) = (scale.kills as usize, stage.watch());
    let (mut killed, mut slowest, mut before) = (None::<Instant>, Duration::ZERO, 0);
    for round in 0..rounds {
        stage.publish(stage.part(round, rounds + 1));
        let running = stage.run().start();
        let end = Instant::now() + LIFE.mul_f64(roll());
        while Instant::now() < end {
            if let Some(since) = killed.filter(|_| count() > before) {
                slowest = slowest.max(since.elapsed());
                killed = None;
            }
            sleep(Duration::from_millis(1));
        }
        running.kill();
        before = count();
        killed.get_or_insert_with(Instant::now);
    }
    let last = Instant::now();
    stage.publish(stage.part(rounds, rounds + 1));
    let mut running = stage.run().start();
    wait_for(&mut running, before + 1, &mut count);
    let first = slowest.max(killed.map_or(Duration::ZERO, |since| since.elapsed()));
    // Some of what comes out is there already: it is over when the journal says so.
    running.until("the last object is done", |_| {
        let journal = stage.text("state/objects.ndjson");
        journal.lines().filter(|line| line.contains(r#""done":true"#)).count() >= stage.objects()
    });
    let recovery = Recovery { first, all: last.elapsed() };
    assert_eq!(running.stop(), 0);
    let tally = stage.tally();
    assert_eq!(tally.dead, 0);
    assert!(tally.cut <= rounds, "at most one line each time: {}", tally.cut);
    let note = format!("{rounds} times; {} lines cut off; first again: the slowest", tally.cut);
    // Saved when an object is done, and once a second.
    Row::new("kill -9", "objects > file", scale.records, tally).recovered(recovery).note(note).checked(scale.records)
}

/// SIGTERM under load.
pub(super) fn terminated(scale: Scale) -> Row {
    let mut stage = to_file(scale);
    let mut count = stage.watch();
    let (mut slowest, mut stopped) = (Recovery::default(), None::<Instant>);
    for part in 0..=STOPS {
        stage.publish(stage.part(part, STOPS + 1));
        let (mut running, before) = (stage.run().start(), count());
        wait_for(&mut running, before + 1, &mut count);
        slowest.first = slowest.first.max(stopped.map_or(Duration::ZERO, |since| since.elapsed()));
        if part == STOPS {
            wait_for(&mut running, scale.records, &mut count);
            slowest.all = stopped.map_or(Duration::ZERO, |since| since.elapsed());
        }
        stopped = Some(Instant::now());
        assert_eq!(running.stop(), 0);
    }
    let tally = stage.tally();
    assert_eq!((tally.dead, tally.cut), (0, 0));
    let note = format!("{STOPS} times; first again: the slowest, from the signal on");
    Row::new("SIGTERM under load", "objects > file", scale.records, tally).recovered(slowest).note(note).checked(0)
}

/// A second process on the same positions is refused; when the first is killed, another one takes over.
pub(super) fn two_on_one_position(scale: Scale) -> Row {
    let mut stage = to_file(scale);
    stage.publish(stage.part(0, 3));
    let (mut first, mut count) = (stage.run().start(), stage.watch());
    wait_for(&mut first, scale.records / 30, &mut count);
    stage.publish(stage.part(1, 3));
    for _ in 0..3 {
        let refused = stage.run().run().expect(2);
        assert!(refused.stderr.contains("another process or source is working with it"), "{}", refused.stderr);
    }
    assert!(!first.has_ended(), "{}", first.log());
    first.kill();
    let (killed, before) = (Instant::now(), count());
    stage.publish(stage.part(2, 3));
    let mut next = stage.run().start();
    // Duplicates count as well: until the last third is there, and then all.
    let recovery = recovery(&mut next, killed, before, scale.records, &mut count);
    next.until("all is there", |_| stage.tally().lost == 0);
    assert_eq!(next.stop(), 0);
    let tally = stage.tally();
    assert_eq!(tally.dead, 0);
    assert!(tally.cut <= 1, "the killed one's last line: {}", tally.cut);
    Row::new("two processes, one position", "objects > file", scale.records, tally)
        .recovered(recovery)
        .note("the second refused 3 times; then the first killed")
        .checked(scale.records / 3)
}

fn to_file(scale: Scale) -> Stage {
    Stage::new(Corpus::new(scale.records, 0.0), &format!("type: file, path: {EVENTS}"))
}

/// A number from 0 to 1.
fn roll() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}
