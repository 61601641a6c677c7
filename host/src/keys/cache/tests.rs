//! The cache as its users see it: a scripted provider, a clock that is moved by hand, and no sleeping.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, yield_now};

use super::*;
use crate::keys::{Answer, TestClock};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// What the provider says next; when the script is over, it gives the key `[7; 32]`.
#[derive(Clone, Copy)]
enum Says {
    Key(u8),
    Refused,
    Unavailable,
}

#[derive(Clone)]
struct Script(Arc<Inner>);

struct Inner {
    says: Mutex<VecDeque<Says>>,
    calls: AtomicUsize,
    /// Each call takes one permit; a script that starts open has plenty.
    gate: Semaphore,
    other_scope: AtomicBool,
}

impl Script {
    fn open(says: &[Says]) -> Self {
        let script = Self::closed(says);
        script.let_through(1_000_000);
        script
    }

    fn closed(says: &[Says]) -> Self {
        let says = Mutex::new(says.iter().copied().collect());
        Self(Arc::new(Inner {
            says,
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            other_scope: AtomicBool::new(false),
        }))
    }

    fn let_through(&self, calls: usize) {
        self.0.gate.add_permits(calls);
    }

    fn calls(&self) -> usize {
        self.0.calls.load(SeqCst)
    }
}

impl KeyProvider for Script {
    fn decrypt<'a>(&'a self, request: &'a KeyRequest) -> Answer<'a> {
        Box::pin(async move {
            assert!(request.context.is_sorted(), "the provider sees the context sorted");
            self.0.calls.fetch_add(1, SeqCst);
            self.0.gate.acquire().await.expect("never closed").forget();
            match self.0.says.lock().expect("unpoisoned").pop_front().unwrap_or(Says::Key(7)) {
                Says::Key(byte) => Ok(Secret::new(vec![byte; 32])),
                Says::Refused => Err(KeyError::Refused("access denied".to_owned())),
                Says::Unavailable => Err(KeyError::Unavailable("no connection".to_owned())),
            }
        })
    }

    fn scope(&self) -> &str {
        if self.0.other_scope.load(SeqCst) { "eu-west-2" } else { "eu-west-1" }
    }
}

fn cache(script: &Script, settings: CacheSettings) -> (Arc<Cache>, TestClock) {
    let clock = TestClock::new();
    (Arc::new(Cache::with_clock(script.clone(), settings, clock.clone())), clock)
}

fn request(name: &str) -> KeyRequest {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    KeyRequest { ciphertext: name.into(), context: vec![pair("aws:rds:dbc-id", "cluster-ABC")] }
}

fn spawn(cache: &Arc<Cache>, name: &str) -> JoinHandle<Result<Secret, KeyError>> {
    let cache = Arc::clone(cache);
    let request = request(name);
    tokio::spawn(async move { cache.decrypt(request).await })
}

/// Runs the other tasks until all of them wait for something.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

async fn first_byte(cache: &Cache, name: &str) -> Result<u8, KeyError> {
    cache.decrypt(request(name)).await.map(|secret| secret.expose()[0])
}

fn refused() -> Result<u8, KeyError> {
    Err(KeyError::Refused("access denied".to_owned()))
}

#[tokio::test]
async fn a_thousand_lookups_at_once_are_one_call() {
    let script = Script::closed(&[Says::Key(1)]);
    let (cache, _clock) = cache(&script, CacheSettings::default());
    let lookups: Vec<_> = (0..1000).map(|_| spawn(&cache, "a")).collect();
    settle().await;
    assert_eq!((cache.stats().lookups, script.calls()), (1000, 1));
    script.let_through(1);
    for lookup in lookups {
        assert_eq!(lookup.await.expect("no panic").expect("a key").expose(), [1; 32]);
    }
    let stats = KeyStats { lookups: 1000, hits: 999, calls: 1, ..KeyStats::default() };
    assert_eq!((cache.stats(), script.calls()), (stats, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k_keys_are_k_calls_from_many_threads() {
    let script = Script::open(&[]);
    let (cache, _clock) = cache(&script, CacheSettings::default());
    let names: Vec<String> = (0..50).map(|n| format!("key {n}")).collect();
    let lookups: Vec<_> = (0..40).flat_map(|_| &names).map(|name| spawn(&cache, name)).collect();
    for lookup in lookups {
        lookup.await.expect("no panic").expect("a key");
    }
    let stats = KeyStats { lookups: 2000, hits: 1950, calls: 50, ..KeyStats::default() };
    assert_eq!((cache.stats(), script.calls()), (stats, 50));
}

#[tokio::test]
async fn waiters_share_a_failure_as_well() {
    for says in [Says::Refused, Says::Unavailable] {
        let script = Script::closed(&[says]);
        // Nothing is left in a table for them: the answer itself reaches them.
        let (cache, _clock) = cache(&script, CacheSettings { refused_ttl: Duration::ZERO, ..CacheSettings::default() });
        let lookups: Vec<_> = (0..100).map(|_| spawn(&cache, "a")).collect();
        settle().await;
        script.let_through(1);
        for lookup in lookups {
            lookup.await.expect("no panic").expect_err("no key");
        }
        assert_eq!((cache.stats().refused + cache.stats().unavailable, script.calls()), (100, 1));
    }
}

#[tokio::test]
async fn when_the_asking_lookup_is_dropped_another_one_asks() {
    let script = Script::closed(&[Says::Key(1)]);
    let (cache, _clock) = cache(&script, CacheSettings::default());
    let first = spawn(&cache, "a");
    settle().await;
    let others: Vec<_> = (0..10).map(|_| spawn(&cache, "a")).collect();
    settle().await;
    first.abort();
    settle().await;
    assert_eq!(script.calls(), 2, "one of the others asks, and only one");
    script.let_through(1);
    for other in others {
        assert_eq!(other.await.expect("no panic").expect("a key").expose(), [1; 32]);
    }
    assert_eq!(script.calls(), 2);
}

#[tokio::test]
async fn a_key_lives_for_80_to_90_percent_of_the_ttl() {
    for _ in 0..50 {
        let script = Script::open(&[Says::Key(1), Says::Key(2)]);
        let (cache, clock) = cache(&script, CacheSettings::default());
        assert_eq!(first_byte(&cache, "a").await, Ok(1));
        clock.advance(HOUR.mul_f64(0.8) - SECOND);
        assert_eq!(first_byte(&cache, "a").await, Ok(1), "expired before 80 %");
        clock.advance(HOUR.mul_f64(0.1) + SECOND);
        assert_eq!(first_byte(&cache, "a").await, Ok(2), "alive after 90 %");
    }
}

#[tokio::test]
async fn keys_do_not_expire_together() {
    let script = Script::open(&[]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    for n in 0..200 {
        first_byte(&cache, &n.to_string()).await.expect("a key");
    }
    clock.advance(HOUR.mul_f64(0.85));
    for n in 0..200 {
        first_byte(&cache, &n.to_string()).await.expect("a key");
    }
    let again = script.calls() - 200;
    assert!((20..180).contains(&again), "{again} of 200 expired at half of the spread");
}

#[tokio::test]
async fn the_least_recently_used_key_is_pushed_out() {
    let script = Script::open(&[]);
    let (cache, _clock) = cache(&script, CacheSettings { capacity: 2, ..CacheSettings::default() });
    for name in ["a", "b", "a", "c"] {
        first_byte(&cache, name).await.expect("a key");
    }
    assert_eq!(script.calls(), 3);
    first_byte(&cache, "a").await.expect("a key");
    assert_eq!(script.calls(), 3, "a was used after b and must still be there");
    first_byte(&cache, "b").await.expect("a key");
    assert_eq!(script.calls(), 4, "b had to go");
}

#[tokio::test]
async fn neither_the_order_of_the_context_nor_a_clone_makes_another_key() {
    let script = Script::open(&[]);
    let (cache, _clock) = cache(&script, CacheSettings::default());
    let mut request = request("a");
    request.context.push(("a".to_owned(), "b".to_owned()));
    cache.decrypt(request.clone()).await.expect("a key");
    request.context.reverse();
    cache.decrypt(request.clone()).await.expect("a key");
    assert_eq!(script.calls(), 1);
    request.context.pop();
    cache.decrypt(request).await.expect("a key");
    assert_eq!(script.calls(), 2, "another context is another key");
}

#[tokio::test]
async fn another_scope_is_another_key() {
    let script = Script::open(&[Says::Key(1), Says::Key(2)]);
    let (cache, _clock) = cache(&script, CacheSettings::default());
    assert_eq!(first_byte(&cache, "a").await, Ok(1));
    script.0.other_scope.store(true, SeqCst);
    assert_eq!(first_byte(&cache, "a").await, Ok(2));
    script.0.other_scope.store(false, SeqCst);
    assert_eq!(first_byte(&cache, "a").await, Ok(1));
}

#[tokio::test]
async fn a_refusal_is_repeated_for_its_ttl_and_no_longer() {
    let script = Script::open(&[Says::Refused, Says::Key(1)]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    assert_eq!(first_byte(&cache, "a").await, refused());
    clock.advance(30 * SECOND - Duration::from_millis(1));
    assert_eq!(first_byte(&cache, "a").await, refused());
    assert_eq!(script.calls(), 1);
    clock.advance(Duration::from_millis(1));
    assert_eq!(first_byte(&cache, "a").await, Ok(1));
    let stats = KeyStats { lookups: 3, calls: 2, refused: 2, ..KeyStats::default() };
    assert_eq!(cache.stats(), stats);
    assert_eq!(lock(&cache.store).len(), (1, 0, 0));
}

#[tokio::test]
async fn garbage_neither_grows_without_bound_nor_pushes_good_keys_out() {
    let script = Script::open(&[]);
    let (cache, _clock) = cache(&script, CacheSettings { capacity: 1, ..CacheSettings::default() });
    assert_eq!(first_byte(&cache, "good").await, Ok(7));
    script.0.says.lock().expect("unpoisoned").extend([Says::Refused; 1000]);
    for n in 0..1000 {
        assert_eq!(first_byte(&cache, &format!("bad {n}")).await, refused());
    }
    assert_eq!(lock(&cache.store).len(), (1, 256, 0));
    assert_eq!(first_byte(&cache, "good").await, Ok(7));
    assert_eq!(script.calls(), 1001);
}

#[tokio::test]
async fn a_revocation_bites_within_the_ttl_and_leaves_no_stale_key() {
    let script = Script::open(&[Says::Key(1), Says::Unavailable, Says::Refused, Says::Unavailable]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    assert_eq!(first_byte(&cache, "a").await, Ok(1));
    clock.advance(HOUR.mul_f64(0.9));
    assert_eq!(first_byte(&cache, "a").await, Ok(1), "stale: unavailable refuses nothing");
    clock.advance(SECOND);
    assert_eq!(first_byte(&cache, "a").await, refused());
    assert_eq!(lock(&cache.store).len(), (0, 1, 0), "the refused key is gone");
    clock.advance(31 * SECOND);
    assert!(matches!(first_byte(&cache, "a").await, Err(KeyError::Unavailable(_))), "no stale key after a refusal");
    assert_eq!(cache.stats().stale, 1);
}

#[tokio::test]
async fn a_stale_key_bridges_an_outage_up_to_its_limit() {
    let script = Script::open(&[Says::Key(1)]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    assert_eq!(first_byte(&cache, "a").await, Ok(1));
    script.0.says.lock().expect("unpoisoned").extend([Says::Unavailable; 1000]);
    clock.advance(HOUR.mul_f64(0.9));
    assert_eq!(first_byte(&cache, "a").await, Ok(1), "stale");
    // 80 % of an hour and 15 minutes is the earliest end, 90 % and 15 minutes the latest.
    clock.advance(9 * 60 * SECOND - SECOND);
    assert_eq!(first_byte(&cache, "a").await, Ok(1), "still within 15 minutes");
    clock.advance(6 * 60 * SECOND + SECOND);
    assert!(matches!(first_byte(&cache, "a").await, Err(KeyError::Unavailable(_))));
    assert_eq!((cache.stats().stale, cache.stats().unavailable), (2, 1));
}

#[tokio::test]
async fn without_stale_an_outage_shows_at_once() {
    let script = Script::open(&[Says::Key(1), Says::Unavailable]);
    // A short ttl: what ends here is the key, not the patience of the sweep.
    let settings = CacheSettings { ttl: 10 * SECOND, stale: Duration::ZERO, ..CacheSettings::default() };
    let (cache, clock) = cache(&script, settings);
    assert_eq!(first_byte(&cache, "a").await, Ok(1));
    clock.advance(9 * SECOND);
    assert!(matches!(first_byte(&cache, "a").await, Err(KeyError::Unavailable(_))));
}

#[tokio::test]
async fn an_unavailable_provider_is_left_alone_for_growing_pauses() {
    let script = Script::open(&[Says::Unavailable; 100]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    let mut calls_per_minute = Vec::new();
    for _ in 0..3 {
        let before = script.calls();
        for _ in 0..6000 {
            assert!(matches!(first_byte(&cache, "a").await, Err(KeyError::Unavailable(_))));
            clock.advance(Duration::from_millis(10));
        }
        calls_per_minute.push(script.calls() - before);
    }
    // Pauses of half to all of 0.5, 1, 2, 4, 8, 10, 10 ... seconds.
    assert!((8..=14).contains(&calls_per_minute[0]), "{calls_per_minute:?}");
    assert!((5..=13).contains(&calls_per_minute[2]), "{calls_per_minute:?}");
    assert_eq!(cache.stats().unavailable, 18_000);
}

#[tokio::test]
async fn an_absence_says_why_and_when_and_ends_with_an_answer() {
    let script = Script::open(&[Says::Unavailable, Says::Key(1)]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    assert_eq!(first_byte(&cache, "a").await, Err(KeyError::Unavailable("no connection".to_owned())));
    let Err(KeyError::Unavailable(text)) = first_byte(&cache, "a").await else { panic!("must be in its pause") };
    assert!(text.starts_with("no connection; asked again in 0."), "{text}");
    assert_eq!(first_byte(&cache, "b").await, Ok(1), "the pause is the key's own");
    clock.advance(SECOND);
    assert_eq!(first_byte(&cache, "a").await, Ok(7));
    assert_eq!(lock(&cache.store).len(), (2, 0, 0));
}

#[tokio::test]
async fn while_one_lookup_tries_again_the_others_use_the_stale_key() {
    let script = Script::open(&[Says::Key(1), Says::Unavailable, Says::Key(2)]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    assert_eq!(first_byte(&cache, "a").await, Ok(1));
    clock.advance(HOUR);
    assert_eq!(first_byte(&cache, "a").await, Ok(1), "stale, and the pause begins");
    clock.advance(SECOND);
    script.0.gate.forget_permits(usize::MAX);
    let trying = spawn(&cache, "a");
    settle().await;
    assert_eq!(script.calls(), 3);
    assert_eq!(first_byte(&cache, "a").await, Ok(1), "stale at once");
    script.let_through(1);
    assert_eq!(trying.await.expect("no panic").expect("a key").expose(), [2; 32]);
    assert_eq!(first_byte(&cache, "a").await, Ok(2));
}

#[tokio::test]
async fn nobody_waits_for_another_lookup_for_more_than_ten_seconds() {
    let script = Script::closed(&[]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    let asking = spawn(&cache, "a");
    settle().await;
    let waiting = spawn(&cache, "a");
    settle().await;
    clock.advance(10 * SECOND - Duration::from_millis(1));
    settle().await;
    assert!(!waiting.is_finished());
    clock.advance(Duration::from_millis(1));
    assert!(matches!(waiting.await.expect("no panic"), Err(KeyError::Unavailable(_))));
    assert!(!asking.is_finished(), "the one that asks goes on");
    clock.advance(20 * SECOND);
    let Err(KeyError::Unavailable(text)) = asking.await.expect("no panic") else { panic!("must give up") };
    assert_eq!(text, "the key provider gave no answer in 30 s");
}

#[tokio::test]
async fn the_ten_seconds_run_on_when_the_asking_lookup_changes() {
    let script = Script::closed(&[]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    let mut lookups = Vec::new();
    for _ in 0..3 {
        lookups.push(spawn(&cache, "a"));
        settle().await;
    }
    clock.advance(6 * SECOND);
    lookups.remove(0).abort();
    settle().await;
    assert_eq!(script.calls(), 2);
    clock.advance(4 * SECOND);
    settle().await;
    let still_there: Vec<_> = lookups.iter().filter(|lookup| !lookup.is_finished()).collect();
    assert_eq!(still_there.len(), 1, "the one that asks now");
}

#[tokio::test]
async fn at_most_twenty_keys_are_asked_for_at_once() {
    let script = Script::closed(&[]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    let lookups: Vec<_> = (0..30).map(|n| spawn(&cache, &n.to_string())).collect();
    settle().await;
    assert_eq!(script.calls(), 20);
    script.let_through(1);
    settle().await;
    assert_eq!(script.calls(), 21);
    clock.advance(10 * SECOND);
    settle().await;
    script.let_through(100);
    let mut keys = 0;
    for lookup in lookups {
        match lookup.await.expect("no panic") {
            Ok(_) => keys += 1,
            Err(error) => {
                assert_eq!(error, KeyError::Unavailable("the key service is still busy with other keys".to_owned()));
            }
        }
    }
    assert_eq!((keys, script.calls()), (21, 21), "nine gave up after ten seconds without a turn");
    first_byte(&cache, "29").await.expect("no pause: nobody failed");
}

#[tokio::test]
async fn a_request_out_of_bounds_never_reaches_the_provider() {
    let script = Script::open(&[]);
    let (cache, _clock) = cache(&script, CacheSettings::default());
    let oversize = KeyRequest { ciphertext: vec![0; 6145], context: vec![] };
    assert!(matches!(cache.decrypt(oversize).await, Err(KeyError::Refused(_))));
    assert_eq!((cache.stats().refused, script.calls()), (1, 0));
}

#[tokio::test]
async fn keys_past_their_use_are_swept_out() {
    let script = Script::open(&[]);
    let (cache, clock) = cache(&script, CacheSettings::default());
    first_byte(&cache, "a").await.expect("a key");
    let lent = Arc::downgrade(&cache.decrypt(request("a")).await.expect("a key").lend());
    clock.advance(2 * HOUR);
    first_byte(&cache, "b").await.expect("a key");
    assert_eq!(lock(&cache.store).len(), (1, 0, 0), "a lookup for another key sweeps");
    assert!(lent.upgrade().is_none(), "the bytes are gone, not only the row");
    clock.advance(2 * HOUR);
    cache.sweep();
    assert_eq!(lock(&cache.store).len(), (0, 0, 0));
}

#[tokio::test]
async fn debug_shows_no_key() {
    let script = Script::open(&[Says::Key(0xA5)]);
    let (cache, _clock) = cache(&script, CacheSettings::default());
    first_byte(&cache, "blob").await.expect("a key");
    let text = format!("{cache:?}");
    assert!(text.contains("keys: 1"), "{text}");
    for leak in ["165", "a5", "A5", "blob"] {
        assert!(!text.contains(leak), "{leak} in {text}");
    }
}
