//! `Decoder` and `DecoderBuilder`: the public face.

use std::sync::Arc;
use std::time::Duration;

use dastap_guest::{Settings, Transform};
use serde_json::Value;

use crate::engine::{
    CallLimits, Count, Failure, Fault, FaultKind, Instances, Merged, Portions, Sandbox, Stage, Verdict,
};
use crate::error::Error;
use crate::keys::{Cache, CacheSettings, KeyProvider};

/// Decodes batches of records in the sandbox. Clones share the warm instances and the key cache.
///
/// Its futures want a tokio runtime with timers (`enable_time`, or `enable_all`).
#[derive(Clone)]
pub struct Decoder {
    instances: Arc<Instances>,
}

/// The settings of a [`Decoder`].
#[derive(Default)]
pub struct DecoderBuilder {
    transform: Option<Value>,
    keys: Option<Arc<Cache>>,
    workers: Option<usize>,
    time_limit: Option<Duration>,
    memory_limit: Option<usize>,
    image: Option<Vec<u8>>,
}

/// The sandbox must answer a batch within this computing time; a record of 64 MiB takes about 0.2 s.
const TIME_LIMIT: Duration = Duration::from_secs(10);

impl Decoder {
    /// Starts with the default settings.
    pub fn builder() -> DecoderBuilder {
        DecoderBuilder::default()
    }

    /// One verdict per record, in order. `batch`: outer JSON records of one stream. `stream`: its resource id
    /// (`cluster-...`, `db-...`), name or ARN, where it is known; else each of the configured resources is tried.
    ///
    /// Never fails as a whole: where the sandbox traps or exceeds a limit, each record is tried once more alone, in
    /// a fresh instance, and the one that does it again fails in stage [`Stage::Guest`]. A batch whose events do not
    /// fit into the sandbox's memory is decoded in parts.
    ///
    /// Dropping the future midway is safe; it costs one instance.
    pub async fn decode(&self, batch: &[String], stream: Option<&str>) -> Vec<Verdict> {
        let mut portions = self.portions(batch, stream);
        let mut verdicts = Vec::with_capacity(batch.len());
        while let Some(next) = portions.next().await {
            verdicts.extend(next);
        }
        verdicts
    }

    /// The same, with the outputs of the batch joined by route: for sinks that take whole batches.
    pub async fn decode_merged(&self, batch: &[String], stream: Option<&str>) -> Merged {
        match self.instances.decode_merged(batch, stream).await {
            Ok(merged) => merged,
            Err(fault) => {
                let mut portions = self.portions(batch, stream);
                portions.whole_failed(&fault);
                let mut merged = Merged { outputs: vec![], failures: vec![], kept: 0, dropped: 0, heartbeats: 0 };
                let mut index = 0u32;
                while let Some(verdicts) = portions.next().await {
                    for verdict in verdicts {
                        merge(&mut merged, index, verdict);
                        index += 1;
                    }
                }
                merged
            }
        }
    }

    /// The same part by part, as the sandbox gives it: what is written at once need not be in memory at once.
    pub(crate) fn portions<'a>(&'a self, batch: &'a [String], stream: Option<&'a str>) -> Portions<'a> {
        Portions::new(&self.instances, batch, stream)
    }

    /// Explains one record without any key, as JSON: `wit/inspector.wit` has its shape.
    ///
    /// # Errors
    /// Only when the sandbox itself fails; a broken record is explained as far as it can be read.
    pub async fn inspect(&self, record: &str) -> Result<String, Error> {
        self.instances.inspect(record).await.map_err(|fault| Error::Guest(fault.detail))
    }

    /// What becomes of each event of one record, and why: rule, route, redacted fields, as JSON; `wit/decoder.wit` has
    /// its shape. Nothing is counted.
    ///
    /// # Errors
    /// Only when the sandbox itself fails; the failure of a record is in the answer.
    pub async fn explain(&self, record: &str, stream: Option<&str>) -> Result<String, Error> {
        self.instances.explain(record, stream).await.map_err(|fault| Error::Guest(fault.detail))
    }

    /// The guest's counters since the last call of this, summed over all instances; `wit/decoder.wit` has the names.
    pub fn counts(&self) -> Vec<Count> {
        self.instances.take_counts()
    }

    /// The key cache, for its statistics.
    pub fn keys(&self) -> &Arc<Cache> {
        self.instances.keys()
    }
}

impl DecoderBuilder {
    /// The `transform` section. Checked in [`DecoderBuilder::build`]. Default: empty.
    pub fn transform(mut self, section: Value) -> Self {
        self.transform = Some(section);
        self
    }

    /// Where keys come from, behind a cache with default settings.
    pub fn keys(self, provider: impl KeyProvider) -> Self {
        self.key_cache(Arc::new(Cache::new(provider, CacheSettings::default())))
    }

    /// A key cache that is shared with other decoders, or has settings of its own.
    pub fn key_cache(mut self, cache: Arc<Cache>) -> Self {
        self.keys = Some(cache);
        self
    }

    /// Instances at most, and so batches that are decoded at the same time. Default: the processors of the machine.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Computing time of one batch at most, waiting for keys not counted. Default: 10 s.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Bytes of address space of one instance at most. Default: what `limits` of the transform section need, 234 MiB
    /// with its defaults and 80 MiB more with rules. Ordinary records take a few MiB. Of the largest ones, no more is
    /// touched than keeps a worker below 256 MiB, the copy of their events outside of the sandbox included; a record
    /// that would need more fails as `events/too-large`.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Another component than the embedded one, compiled with the same settings: how the project tests that a
    /// misbehaving guest is contained.
    ///
    /// # Safety
    /// `image` must be the output of wasmtime's compiler and nothing else: it is machine code.
    #[doc(hidden)]
    #[allow(unsafe_code, reason = "an image is machine code; the caller vouches for it")]
    pub unsafe fn image(mut self, image: Vec<u8>) -> Self {
        self.image = Some(image);
        self
    }

    /// Checks the settings and loads the sandbox (less than a millisecond).
    ///
    /// # Errors
    /// A wrong setting, no key provider, or a machine that the sandbox cannot run on.
    pub fn build(self) -> Result<Decoder, Error> {
        let section = self.transform.unwrap_or_else(|| Value::Object(Default::default()));
        let transform = section.to_string();
        let settings = Settings::from_value(section).map_err(Error::Settings)?;
        // Rules and all: whatever is wrong with the settings is said now, not by the first record.
        Transform::open(settings.clone()).map_err(Error::Settings)?;
        let keys = self.keys.ok_or(Error::NoKeys)?;
        let time = self.time_limit.unwrap_or(TIME_LIMIT);
        let mut limits = CallLimits::for_records(&settings.limits, !settings.rules.is_empty(), time);
        limits.memory = self.memory_limit.unwrap_or(limits.memory);
        let workers = match self.workers {
            Some(workers) => workers,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let sandbox = match self.image {
            None => Sandbox::embedded(),
            // SAFETY: the caller of `image` promised.
            #[allow(unsafe_code, reason = "an image is machine code; the caller of `image` vouched for it")]
            Some(image) => unsafe { Sandbox::from_image(&image) },
        };
        let sandbox = sandbox.map_err(|error| Error::Engine(format!("{error:#}")))?;
        Ok(Decoder { instances: Arc::new(Instances::new(sandbox, transform, keys, limits, workers)) })
    }
}

/// Adds the verdict of one record to a batch's.
fn merge(merged: &mut Merged, index: u32, verdict: Verdict) {
    match verdict {
        Verdict::Failed(failure) => merged.failures.push((index, failure)),
        Verdict::Decoded(decoded) => {
            merged.kept += decoded.kept;
            merged.dropped += decoded.dropped;
            merged.heartbeats += decoded.heartbeats;
            for output in decoded.outputs {
                match merged.outputs.iter_mut().find(|known| known.route == output.route) {
                    Some(known) => {
                        known.lines.push_str(&output.lines);
                        known.events += output.events;
                    }
                    None => merged.outputs.push(output),
                }
            }
        }
    }
}

impl Fault {
    fn reason(&self) -> &'static str {
        match self.kind {
            FaultKind::Trapped => "trapped",
            FaultKind::TimedOut => "timed-out",
            FaultKind::OutOfMemory => "out-of-memory",
        }
    }

    /// Tells the operator; the records are judged on their own.
    pub(crate) fn log(&self, records: usize) {
        tracing::warn!(reason = self.reason(), detail = self.detail, records, "the sandbox gave no answer");
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let reason = fault.reason().to_string();
        Failure { stage: Stage::Guest, reason, detail: fault.detail, retryable: false }
    }
}
