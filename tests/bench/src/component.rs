//! The component through the public host library, interrupt checks on, as the program uses it.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use dastap::keys::Keyring;
use dastap::{Decoder, Verdict};
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::class::Class;
use crate::processor::{pin, processors};
use crate::turns::{Side, median};

/// One worker, on the thread that measures.
pub(crate) struct Component<'a> {
    decoder: Decoder,
    runtime: Runtime,
    class: &'a Class,
}

impl<'a> Component<'a> {
    pub(crate) fn new(class: &'a Class, transform: serde_json::Value) -> Result<Self> {
        let decoder = decoder(class, transform, 1)?;
        Ok(Component { decoder, runtime: Builder::new_current_thread().enable_all().build()?, class })
    }
}

impl Side for Component<'_> {
    fn turn(&mut self, batches: Range<usize>, events: usize) -> Result<f64> {
        let start = Instant::now();
        let found = self.runtime.block_on(async {
            let mut found = 0;
            for batch in &self.class.batches[batches] {
                found += decode(&self.decoder, batch, &self.class.resource).await?;
            }
            Ok::<_, String>(found)
        })?;
        let seconds = start.elapsed().as_secs_f64();
        match found == events {
            true => Ok(seconds),
            false => Err(format!("class {}: expected {events} events, found {found}", self.class.name).into()),
        }
    }
}

fn decoder(class: &Class, transform: serde_json::Value, workers: usize) -> Result<Decoder> {
    let keys = Keyring::from_json(&class.keyring)?;
    Ok(Decoder::builder().transform(transform).keys(keys).workers(workers).build()?)
}

/// The number of events.
async fn decode(decoder: &Decoder, batch: &[String], stream: &str) -> std::result::Result<usize, String> {
    let mut events = 0;
    for verdict in decoder.decode(batch, Some(stream)).await {
        match verdict {
            Verdict::Decoded(decoded) => events += decoded.kept as usize,
            Verdict::Failed(failure) => return Err(failure.to_string()),
        }
    }
    Ok(events)
}

/// Seconds that workers decode in a turn.
const SCALING_TURN: f64 = 0.1;

/// How many times as much two workers decode in a second as one; none on a machine with one processor. They take turns:
/// one worker on the first processor, one on the second, both. Processors differ, so a turn's ratio is that of both to
/// the mean of the single ones; the median of the ratios.
pub(crate) fn scaling(class: &Arc<Class>, turns: usize) -> Result<Option<f64>> {
    let [first, second, ..] = *processors()? else { return Ok(None) };
    let sides = [vec![first], vec![second], vec![first, second]];
    let mut workers = Vec::new();
    for processors in &sides {
        workers.push(Workers::new(class, processors)?);
        workers.last().map(Workers::records_per_second).transpose()?;
    }
    let mut ratios = Vec::new();
    for _ in 0..turns {
        let rates = workers.iter().map(Workers::records_per_second).collect::<Result<Vec<_>>>()?;
        ratios.push(rates[2] * 2.0 / (rates[0] + rates[1]));
    }
    Ok(Some(median(&ratios)))
}

/// Workers that share a decoder, as in the program: whoever is free takes the next batch.
struct Workers {
    decoder: Decoder,
    runtime: Runtime,
    class: Arc<Class>,
    workers: usize,
}

impl Workers {
    /// A worker for each processor.
    fn new(class: &Arc<Class>, processors: &[usize]) -> Result<Self> {
        let (workers, free) = (processors.len(), Mutex::new(processors.to_vec()));
        let pin_worker = move || {
            if let Some(processor) = free.lock().ok().and_then(|mut free| free.pop()) {
                // A worker that cannot be pinned decodes all the same.
                let _ = pin(processor);
            }
        };
        let runtime =
            Builder::new_multi_thread().worker_threads(workers).on_thread_start(pin_worker).enable_all().build()?;
        let decoder = decoder(class, serde_json::json!({}), workers)?;
        Ok(Workers { decoder, runtime, class: Arc::clone(class), workers })
    }

    /// The sum of what each worker decodes in its own time, so that none of them waits for the last batch of another.
    fn records_per_second(&self) -> Result<f64> {
        let next = Arc::new(AtomicUsize::new(0));
        let worker = || {
            let (decoder, class, next) = (self.decoder.clone(), Arc::clone(&self.class), Arc::clone(&next));
            async move {
                let start = Instant::now();
                let mut records = 0;
                while start.elapsed().as_secs_f64() < SCALING_TURN {
                    let batch = &class.batches[next.fetch_add(1, Ordering::Relaxed) % class.batches.len()];
                    decode(&decoder, batch, &class.resource).await?;
                    records += batch.len();
                }
                Ok::<_, String>(records as f64 / start.elapsed().as_secs_f64())
            }
        };
        let tasks: Vec<_> = (0..self.workers).map(|_| self.runtime.spawn(worker())).collect();
        let mut sum = 0.0;
        for task in tasks {
            sum += self.runtime.block_on(task)??;
        }
        Ok(sum)
    }
}
