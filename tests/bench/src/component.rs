//! The component through the public host library, interrupt checks on, as the program uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use dastap::keys::Keyring;
use dastap::{Decoder, Verdict};
use tokio::runtime::Runtime;

use crate::class::Class;
use crate::{Result, Side};

pub(crate) struct Component {
    decoder: Decoder,
    runtime: Runtime,
    batches: Arc<Vec<Vec<String>>>,
    workers: usize,
    /// How often a turn decodes all batches.
    times: usize,
}

impl Component {
    pub(crate) fn new(class: &Class, workers: usize) -> Result<Self> {
        Component::with(class, workers, serde_json::json!({}))
    }

    pub(crate) fn with(class: &Class, workers: usize, transform: serde_json::Value) -> Result<Self> {
        let keys = Keyring::from_json(&class.keyring)?;
        let decoder = Decoder::builder().transform(transform).keys(keys).workers(workers).build()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
        Ok(Component { decoder, runtime, batches: Arc::new(class.batches()), workers, times: 1 })
    }
}

impl Side for Component {
    fn decode(&mut self, class: &Class) -> Result<usize> {
        let next = Arc::new(AtomicUsize::new(0));
        let all = self.batches.len() * self.times;
        let tasks: Vec<_> = (0..self.workers)
            .map(|_| {
                let (decoder, batches, next) = (self.decoder.clone(), Arc::clone(&self.batches), Arc::clone(&next));
                let stream = class.resource.clone();
                self.runtime.spawn(async move {
                    let mut events = 0;
                    // Whoever is free takes the next batch, as in the program.
                    loop {
                        let turn = next.fetch_add(1, Ordering::Relaxed);
                        if turn >= all {
                            break Ok(events);
                        }
                        for verdict in decoder.decode(&batches[turn % batches.len()], Some(&stream)).await {
                            match verdict {
                                Verdict::Decoded(decoded) => events += decoded.kept as usize,
                                Verdict::Failed(failure) => return Err(failure.to_string()),
                            }
                        }
                    }
                })
            })
            .collect();
        let mut events = 0;
        for task in tasks {
            events += self.runtime.block_on(task)??;
        }
        Ok(events)
    }
}

/// Seconds that one worker has for a turn, about: beside it the last batch, which only one of two can have, is little.
const SCALING_TURN: f64 = 0.4;

/// How much faster two workers are than one, on machines that have two processors.
pub(crate) fn scaling(class: &Class, rounds: usize) -> Result<Option<f64>> {
    if std::thread::available_parallelism()?.get() < 2 {
        return Ok(None);
    }
    let mut sides = [Component::new(class, 1)?, Component::new(class, 2)?];
    let first = sides[0].turn(class)?;
    for side in &mut sides {
        side.times = (SCALING_TURN / first).ceil() as usize;
    }
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for (side, seconds) in sides.iter_mut().zip(&mut seconds) {
            let start = Instant::now();
            side.decode(class)?;
            if round > 0 {
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
    }
    Ok(Some(crate::report::median(&seconds[0]) / crate::report::median(&seconds[1])))
}
