//! One instance of the component in a store of its own, with its transform opened.
//!
//! Any error out of a call poisons the store (component model), so an instance is used until its first [`Fault`] and
//! then dropped. A call that is abandoned midway drops it too.

use std::sync::Arc;

use wasmtime::component::ResourceAny;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::answers::Functions;
use super::bindings::Dastap;
use super::limits::{CallLimits, MemoryLimit, OutOfMemory, Stopwatch};
use super::{Count, Merged, Sandbox, Verdict};
use crate::keys::{Cache, Secret};

/// What the host keeps beside the guest.
pub(super) struct State {
    pub(super) keys: Arc<Cache>,
    pub(super) stopwatch: Stopwatch,
    /// The keys that this call was given, alive until it ends.
    pub(super) lent: Vec<Secret>,
    memory: MemoryLimit,
}

/// A warm instance.
pub(crate) struct Instance {
    store: Store<State>,
    component: Dastap,
    answers: Functions,
    transform: ResourceAny,
    limits: CallLimits,
    /// Records decoded so far.
    records: usize,
    /// Bytes of memory when it was new, compiled rules included.
    fresh: usize,
}

/// Why a call gave no answer. The instance is gone with it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The guest trapped: a bug of ours.
    Trapped,
    /// Its computing time was spent.
    TimedOut,
    /// It wanted more memory than the limit.
    OutOfMemory,
}

impl Instance {
    /// A fresh instance with these settings (the `transform` section as JSON).
    pub(super) async fn open(
        sandbox: &Sandbox,
        transform: &str,
        keys: &Arc<Cache>,
        limits: CallLimits,
    ) -> Result<Self, Fault> {
        let state = State {
            keys: Arc::clone(keys),
            stopwatch: Stopwatch::start(limits.time),
            lent: Vec::new(),
            memory: MemoryLimit::new(limits.memory),
        };
        let mut store = Store::new(&sandbox.engine, state);
        store.limiter(|state| &mut state.memory);
        // Bounds what one call hands over, its answer included; an answer cannot be larger than the guest's memory.
        store.set_hostcall_fuel(limits.memory);
        store.epoch_deadline_callback(|store| match store.data().stopwatch.is_spent() {
            true => Ok(UpdateDeadline::Interrupt),
            false => Ok(UpdateDeadline::Yield(1)),
        });
        store.set_epoch_deadline(1);
        let instance = sandbox.component.instantiate_async(&mut store).await?;
        let component = sandbox.exports.load(&mut store, &instance)?;
        let answers = sandbox.answers.functions(&mut store, &instance)?;
        let opened = component.dastap_decoder_decoder().transform().call_open(&mut store, transform).await?;
        let transform = opened.map_err(|detail| Fault { kind: FaultKind::Trapped, detail })?;
        let fresh = store.data().memory.size;
        Ok(Instance { store, component, answers, transform, limits, records: 0, fresh })
    }

    pub(super) async fn decode(&mut self, batch: &[String], stream: Option<&str>) -> Result<Vec<Verdict>, Fault> {
        self.begin(batch.len());
        let verdicts = self.answers.decode(&mut self.store, (self.transform, batch, stream)).await;
        self.end();
        let verdicts = verdicts?;
        match verdicts.len() == batch.len() {
            true => Ok(verdicts),
            false => Err(Fault::wrong_answer(format!("{} verdicts for {} records", verdicts.len(), batch.len()))),
        }
    }

    pub(super) async fn decode_merged(&mut self, batch: &[String], stream: Option<&str>) -> Result<Merged, Fault> {
        self.begin(batch.len());
        let merged = self.answers.decode_merged(&mut self.store, (self.transform, batch, stream)).await;
        self.end();
        let merged = merged?;
        match merged.failures.iter().all(|(index, _)| usize::try_from(*index).is_ok_and(|i| i < batch.len())) {
            true => Ok(merged),
            false => Err(Fault::wrong_answer("a failure of a record that is not in the batch".to_string())),
        }
    }

    pub(super) async fn inspect(&mut self, record: &str) -> Result<String, Fault> {
        self.begin(1);
        let report = self.component.dastap_decoder_inspector().call_inspect(&mut self.store, record).await;
        self.end();
        Ok(report?)
    }

    pub(super) async fn explain(&mut self, record: &str, stream: Option<&str>) -> Result<String, Fault> {
        self.begin(1);
        let transform = self.component.dastap_decoder_decoder().transform();
        let explained = transform.call_explain(&mut self.store, self.transform, record, stream).await;
        self.end();
        Ok(explained?)
    }

    /// The counters since the last time.
    pub(super) async fn counts(&mut self) -> Result<Vec<Count>, Fault> {
        self.begin(0);
        let transform = self.component.dastap_decoder_decoder().transform();
        let counts = transform.call_counts(&mut self.store, self.transform).await;
        self.end();
        Ok(counts?)
    }

    /// Worn instances are replaced: their memory never shrinks, and state of many records should not pile up.
    pub(super) fn is_worn(&self) -> bool {
        self.memory() > self.fresh.saturating_add(WORN_MEMORY) || self.records > WORN_RECORDS
    }

    /// Bytes of its linear memory.
    pub(super) fn memory(&self) -> usize {
        self.store.data().memory.size
    }

    fn begin(&mut self, records: usize) {
        self.records = self.records.saturating_add(records);
        let state = self.store.data_mut();
        state.stopwatch = Stopwatch::start(self.limits.time);
        state.memory.limit = self.limits.memory_for(records);
        self.store.set_epoch_deadline(1);
    }

    fn end(&mut self) {
        self.store.data_mut().lent.clear();
    }
}

/// Memory above its first size with which an instance is replaced after a call; ordinary batches need a few MiB.
const WORN_MEMORY: usize = 48 << 20;

/// Records after which an instance is replaced; a new one costs some 30 microseconds.
const WORN_RECORDS: usize = 1_000_000;

impl Fault {
    fn wrong_answer(detail: String) -> Self {
        Fault { kind: FaultKind::Trapped, detail }
    }
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        let (kind, detail) = if let Some(memory) = error.downcast_ref::<OutOfMemory>() {
            (FaultKind::OutOfMemory, memory.to_string())
        } else if let Some(Trap::Interrupt) = error.downcast_ref::<Trap>() {
            (FaultKind::TimedOut, "its computing time was spent".to_string())
        } else if let Some(trap) = error.downcast_ref::<Trap>() {
            (FaultKind::Trapped, trap.to_string())
        } else {
            (FaultKind::Trapped, format!("{error:#}"))
        };
        Fault { kind, detail }
    }
}
