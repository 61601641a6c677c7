//! How long an answer is kept, and what pushes it out.

use super::*;

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
