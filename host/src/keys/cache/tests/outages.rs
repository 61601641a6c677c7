//! What happens while the provider is away.

use super::*;

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
