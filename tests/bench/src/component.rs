//! The component through the public host library, interrupt checks on, as the program uses it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use dastap::keys::Keyring;
use dastap::{Decoder, Verdict};
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::class::Class;
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

/// How many times as much two workers decode in a second as one; none on a machine with one processor. One and two
/// workers take turns; the median of the turns' ratios.
pub(crate) fn scaling(class: &Arc<Class>, turns: usize) -> Result<Option<f64>> {
    if std::thread::available_parallelism()?.get() < 2 {
        return Ok(None);
    }
    let (one, two) = (Workers::new(class, 1)?, Workers::new(class, 2)?);
    one.records_per_second()?;
    two.records_per_second()?;
    let mut ratios = Vec::new();
    for _ in 0..turns {
        let alone = one.records_per_second()?;
        ratios.push(two.records_per_second()? / alone);
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
    fn new(class: &Arc<Class>, workers: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
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
