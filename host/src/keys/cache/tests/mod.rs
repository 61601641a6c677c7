//! The cache as its users see it: a scripted provider, a clock that is moved by hand, and no sleeping.

mod flights;
mod lifetimes;
mod outages;

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
