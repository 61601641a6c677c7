//! Faults on every side at once, with an oracle: what was handed over = what was accepted + what the dead letter has, by
//! record, in order per lane.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::watch;

use super::flow::{Flow, Outlet, Routes};
use super::queue::{Item, Queue, drive};
use super::{Delivery, Intake, Patience, Pending};
use crate::Decoder;
use crate::keys::{Answer, Cache, CacheSettings, KeyError, KeyProvider, KeyRequest, Keyring};
use crate::metrics::Metrics;
use crate::record::{Batches, Content, Record};
use crate::sink::{Attempt, Flush, Retry, Sink, SinkContext, SinkError};
use crate::synth::{Engine, Fault, Settings, Stream};

/// A key service with moods: what it does at its n-th question.
struct Moody {
    keyring: Keyring,
    asked: AtomicU64,
    mood: fn(u64) -> Mood,
}

enum Mood {
    Well,
    Away,
    Denying,
}

impl KeyProvider for Moody {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        match (self.mood)(self.asked.fetch_add(1, Relaxed)) {
            Mood::Well => self.keyring.decrypt(request),
            Mood::Away => Box::pin(async { Err(KeyError::Unavailable("away".into())) }),
            Mood::Denying => Box::pin(async { Err(KeyError::Refused("denied".into())) }),
        }
    }

    fn scope(&self) -> &str {
        "moody"
    }
}

/// What a sink has accepted, line by line.
type Lines = Arc<Mutex<Vec<String>>>;

/// A sink that holds items back, and whose other side does what it likes.
struct Shaky {
    accepted: Lines,
    held: Vec<Item>,
    context: SinkContext,
    attempts: u64,
    other_side: fn(u64, &str) -> Result<(), Attempt<String>>,
}

#[async_trait]
impl Sink for Shaky {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        self.held.push(item);
        if self.held.len() >= 3 { self.flush(Flush::All).await } else { Ok(()) }
    }

    fn due(&self) -> Option<std::time::Instant> {
        (!self.held.is_empty()).then(|| std::time::Instant::now() + Duration::from_millis(20))
    }

    async fn flush(&mut self, _what: Flush) -> Result<(), SinkError> {
        let retry = Retry::new(&self.context);
        for Item { lines, ack, .. } in self.held.drain(..) {
            let sent = retry.until_accepted(|| {
                self.attempts += 1;
                std::future::ready((self.other_side)(self.attempts, &lines.text))
            });
            match sent.await {
                Ok(()) => {
                    self.accepted.lock().unwrap().extend(lines.text.lines().map(str::to_owned));
                    ack.accept();
                }
                Err(why) => self.context.refuse(&lines, &lines.text, &why, ack).await,
            }
        }
        Ok(())
    }
}

/// Sinks and decoder around some records.
struct World {
    records: Vec<(String, String)>,
    expected: BTreeMap<String, usize>,
    keyring: String,
}

/// What came of a run.
struct Outcome {
    accepted: Vec<String>,
    dead: Vec<Value>,
    /// By lane: how each batch was settled.
    settled: Vec<Vec<Delivery>>,
    /// What the metrics endpoint says afterwards.
    metrics: String,
}

impl World {
    fn new(records: u64, faults: Vec<Fault>) -> World {
        let settings = Settings {
            engines: vec![Engine::Postgres],
            records,
            rotations: 2,
            fault_rate: (!faults.is_empty()).then_some(5.0),
            faults,
            ..Settings::default()
        };
        let stream = Stream::new(settings).unwrap();
        let mut keyring = Vec::new();
        stream.write_keyring(&mut keyring).unwrap();
        let mut expected = BTreeMap::new();
        let mut lines = Vec::new();
        for record in stream {
            *expected.entry(record.line.clone()).or_default() += 1;
            lines.push((record.resource, record.line));
        }
        World { records: lines, expected, keyring: String::from_utf8(keyring).unwrap() }
    }

    /// Two lanes at once, each with every other record; ends when all is settled, or when it is told to.
    async fn run(
        &self,
        mood: fn(u64) -> Mood,
        other_side: fn(u64, &str) -> Result<(), Attempt<String>>,
        patience: Patience,
        stop_after: Option<Duration>,
    ) -> Outcome {
        let provider = Moody { keyring: Keyring::from_json(&self.keyring).unwrap(), asked: AtomicU64::new(0), mood };
        let settings = CacheSettings { refused_ttl: Duration::ZERO, stale: Duration::ZERO, ..CacheSettings::default() };
        let cache = Arc::new(Cache::new(provider, settings));
        let decoder = Decoder::builder().key_cache(cache).workers(2).build().unwrap();
        let metrics = Arc::new(Metrics::default());
        let (lanes, idle) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let (accepted, dead) = (Lines::default(), Lines::default());
        let mut drivers = Vec::new();
        let mut sink = |name: &str, accepted: &Lines, dead_letter: Option<Queue>, other_side| {
            // A queue of a few items: it is full most of the time.
            let (queue, items) = Queue::new(name.into(), 64 << 10, Arc::clone(&metrics));
            let context = SinkContext { name: name.into(), metrics: Arc::clone(&metrics), dead_letter };
            let sink = Shaky { accepted: Arc::clone(accepted), held: vec![], context, attempts: 0, other_side };
            drivers.push(tokio::spawn(drive(Box::new(sink), items, idle.clone())));
            queue
        };
        let dead_letter = sink("dead-letter", &dead, None, |attempt, _| match attempt % 5 {
            0 => Err(Attempt::Refused("the last sink must go on".into())),
            _ => Ok(()),
        });
        let queue = sink("shaky", &accepted, Some(dead_letter.clone()), other_side);
        let outlets = vec![Outlet { queue, routes: Routes::default() }];
        let flow = Arc::new(Flow::new(Arc::clone(&metrics), 2, outlets, Some(dead_letter), lanes, stopped));
        let mut tasks = Vec::new();
        for lane in 0..2 {
            let intake = Intake { flow: Arc::clone(&flow), source: "test".into(), decoder: decoder.clone() };
            let records: Vec<_> = self.records.iter().skip(lane).step_by(2).cloned().collect();
            tasks.push(tokio::spawn(hand_over(intake, records, patience)));
        }
        drop(flow);
        if let Some(after) = stop_after {
            tokio::time::sleep(after).await;
            stop.send_replace(true);
        }
        let mut settled = Vec::new();
        for task in tasks {
            settled.push(task.await.unwrap());
        }
        for driver in drivers {
            driver.await.unwrap().unwrap();
        }
        let take = |lines: Lines| std::mem::take(&mut *lines.lock().unwrap());
        let dead = take(dead).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        Outcome { accepted: take(accepted), dead, settled, metrics: metrics.text().unwrap() }
    }

    /// How many events of each record an undisturbed decoder gives, by record, with the ids in order.
    async fn ids(&self) -> BTreeMap<String, Vec<String>> {
        let keyring = Keyring::from_json(&self.keyring).unwrap();
        let decoder = Decoder::builder().keys(keyring).build().unwrap();
        let mut ids = BTreeMap::new();
        for (resource, line) in &self.records {
            if let Some(crate::Verdict::Decoded(decoded)) =
                decoder.decode(std::slice::from_ref(line), Some(resource)).await.pop()
            {
                let lines = decoded.outputs.iter().flat_map(|output| output.lines.lines().map(id));
                ids.insert(line.clone(), lines.collect());
            }
        }
        ids
    }

    /// Every record is accepted with all its events, or in the dead letter; nothing twice, events of a record in order.
    async fn check(&self, outcome: &Outcome) {
        let ids = self.ids().await;
        let accepted: Vec<String> = outcome.accepted.iter().map(|line| id(line)).collect();
        let refused = outcome.dead.iter().filter_map(|line| line.get("event")).map(|event| id(&event.to_string()));
        let delivered: BTreeSet<String> = accepted.iter().cloned().chain(refused).collect();
        let dead: BTreeSet<String> = outcome.dead.iter().filter_map(original).collect();
        let twice = accepted.len() - accepted.iter().collect::<BTreeSet<_>>().len();
        assert_eq!(twice, 0, "nothing was handed over twice");
        for line in self.expected.keys() {
            let delivered = ids.get(line).is_some_and(|ids| ids.iter().all(|id| delivered.contains(id)));
            assert!(delivered || dead.contains(line), "lost: {line:.80}");
        }
        let places: BTreeMap<&String, usize> = accepted.iter().zip(0..).collect();
        for lane in 0..2 {
            let in_lane = self.records.iter().skip(lane).step_by(2).filter_map(|(_, line)| ids.get(line)).flatten();
            let places: Vec<_> = in_lane.filter_map(|id| places.get(id)).collect();
            assert!(places.is_sorted(), "lane {lane} is out of order");
        }
    }
}

/// What a source does, without positions.
async fn hand_over(intake: Intake, records: Vec<(String, String)>, patience: Patience) -> Vec<Delivery> {
    let mut lane = intake.lane(patience);
    let (mut batches, mut pending) = (Batches::default(), Pending::default());
    for (resource, line) in records {
        let record = Record { resource: Some(resource.into()), content: Content::Text(line) };
        if let Some(batch) = batches.push(record) {
            pending.push((), lane.push(batch).await);
        }
    }
    if let Some(batch) = batches.take() {
        pending.push((), lane.push(batch).await);
    }
    drop(lane);
    let mut settled = Vec::new();
    while !pending.is_empty() {
        settled.push(pending.next().await.1);
    }
    settled
}

fn id(line: &str) -> String {
    serde_json::from_str::<Value>(line).unwrap()["eventId"].as_str().unwrap().to_owned()
}

/// The record in a dead-letter line, as it came. Records of the generator are JSON on one line, or no JSON at all.
fn original(line: &Value) -> Option<String> {
    use base64::Engine as _;
    match (line.get("record"), line.get("record_base64").and_then(Value::as_str)) {
        (Some(record), _) => Some(record.to_string()),
        (_, Some(text)) => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    }
}

fn well(_: u64) -> Mood {
    Mood::Well
}

fn takes_all(_: u64, _: &str) -> Result<(), Attempt<String>> {
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_records_go_to_the_dead_letter_and_stop_nobody() {
    let world = World::new(600, Fault::ALL.to_vec());
    let outcome = world.run(well, takes_all, Patience::Wait, None).await;
    world.check(&outcome).await;
    assert!(outcome.settled.iter().flatten().all(|delivery| *delivery == Delivery::Accepted));
    assert!(outcome.dead.len() >= 15 && outcome.accepted.len() > 1000, "{}", outcome.dead.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_service_that_is_away_stops_the_lane_and_loses_nothing() {
    let world = World::new(300, vec![]);
    // Half of the questions, as under throttling, and the first ones altogether.
    let mood = |asked| if asked < 2 || asked % 2 == 0 { Mood::Away } else { Mood::Well };
    let outcome = world.run(mood, takes_all, Patience::Wait, None).await;
    world.check(&outcome).await;
    assert!(outcome.dead.is_empty(), "nothing failed for good");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_keys_are_there_again_nothing_waits_record_by_record() {
    let world = World::new(600, vec![]);
    let begun = std::time::Instant::now();
    // Decoded ahead, nearly all records are without a key at first.
    let outcome = world.run(|asked| if asked < 3 { Mood::Away } else { Mood::Well }, takes_all, Patience::Wait, None);
    let outcome = outcome.await;
    world.check(&outcome).await;
    assert!(outcome.dead.is_empty());
    // The cache leaves a key alone for two seconds at most by then; hundreds of pauses would be minutes.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let stalled: Vec<&str> = outcome.metrics.lines().filter(|line| line.starts_with("dastap_lanes_stalled{")).collect();
    assert_eq!(stalled, ["dastap_lanes_stalled{source=\"test\"} 0"], "each that waited goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_service_that_denies_fails_the_records_and_keeps_them() {
    let world = World::new(300, vec![]);
    // As when the key is disabled midway.
    let outcome =
        world.run(|asked| if asked > 2 { Mood::Denying } else { Mood::Well }, takes_all, Patience::Wait, None).await;
    world.check(&outcome).await;
    assert!(outcome.dead.iter().all(|line| line["error"]["reason"] == "refused"));
    assert!(!outcome.dead.is_empty() && !outcome.accepted.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_fails_and_refuses_loses_nothing() {
    let world = World::new(300, vec![Fault::FrameBit]);
    let other_side = |attempt, text: &str| match attempt % 7 {
        0 => Err(Attempt::Again("away".into(), None)),
        3 => Err(Attempt::Refused(format!("{} bytes are too many", text.len()))),
        _ => Ok(()),
    };
    let outcome = world.run(well, other_side, Patience::Wait, None).await;
    world.check(&outcome).await;
    assert!(outcome.dead.iter().any(|line| line["error"]["stage"] == "sink"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_is_told_where_and_nothing_behind_it_is_delivered() {
    let world = World::new(300, vec![]);
    let outcome =
        world.run(|asked| if asked > 2 { Mood::Away } else { Mood::Well }, takes_all, Patience::GiveUp, None).await;
    for settled in &outcome.settled {
        let stopped = settled.iter().position(|delivery| *delivery != Delivery::Accepted).expect("keys are away");
        assert!(settled[stopped + 1..].iter().all(|delivery| matches!(delivery, Delivery::Stopped { at: 0, .. })));
    }
    assert!(outcome.dead.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_while_keys_are_away_nothing_is_taken_for_delivered() {
    let world = World::new(200, vec![]);
    let outcome = world.run(|_| Mood::Away, takes_all, Patience::Wait, Some(Duration::from_millis(300))).await;
    assert!(outcome.settled.iter().flatten().all(|delivery| matches!(delivery, Delivery::Stopped { at: 0, .. })));
    assert!(outcome.accepted.is_empty() && outcome.dead.is_empty());
}
