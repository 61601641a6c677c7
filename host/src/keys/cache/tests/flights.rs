//! How many questions reach the provider, and how long a lookup waits for another's.

use super::*;

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
