//! The warm instances of a decoder: at most one per worker, taken for a call, put back unless it failed.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::instance::{Fault, FaultKind, Instance};
use super::{CallLimits, Count, Merged, Sandbox, Verdict};
use crate::keys::Cache;

/// A bounded set of instances with the same settings.
pub(crate) struct Instances {
    sandbox: Sandbox,
    /// The settings as JSON; the key of `hash` is in them.
    transform: Zeroizing<String>,
    keys: Arc<Cache>,
    limits: CallLimits,
    permits: Semaphore,
    idle: Mutex<Vec<Instance>>,
    counts: Mutex<Vec<Count>>,
}

impl Instances {
    /// At most `most` instances; each is made when it is first needed.
    pub(crate) fn new(sandbox: Sandbox, transform: String, keys: Arc<Cache>, limits: CallLimits, most: usize) -> Self {
        Instances {
            sandbox,
            transform: Zeroizing::new(transform),
            keys,
            limits,
            permits: Semaphore::new(most.max(1)),
            idle: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    pub(crate) async fn decode(&self, batch: &[String], stream: Option<&str>) -> Result<Vec<Verdict>, Fault> {
        let (_permit, mut instance) = self.take().await?;
        let _running = self.sandbox.ticker.run();
        let verdicts = instance.decode(batch, stream).await?;
        self.put_back(instance).await?;
        Ok(verdicts)
    }

    pub(crate) async fn decode_merged(&self, batch: &[String], stream: Option<&str>) -> Result<Merged, Fault> {
        let (_permit, mut instance) = self.take().await?;
        let _running = self.sandbox.ticker.run();
        let merged = instance.decode_merged(batch, stream).await?;
        self.put_back(instance).await?;
        Ok(merged)
    }

    pub(crate) async fn inspect(&self, record: &str) -> Result<String, Fault> {
        let (_permit, mut instance) = self.take().await?;
        let _running = self.sandbox.ticker.run();
        let report = instance.inspect(record).await?;
        self.put_back(instance).await?;
        Ok(report)
    }

    pub(crate) async fn explain(&self, record: &str, stream: Option<&str>) -> Result<String, Fault> {
        let (_permit, mut instance) = self.take().await?;
        let _running = self.sandbox.ticker.run();
        let explained = instance.explain(record, stream).await?;
        self.put_back(instance).await?;
        Ok(explained)
    }

    /// The counters of all instances since the last time.
    pub(crate) fn take_counts(&self) -> Vec<Count> {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn keys(&self) -> &Arc<Cache> {
        &self.keys
    }

    async fn take(&self) -> Result<(SemaphorePermit<'_>, Instance), Fault> {
        let closed = |_| Fault { kind: FaultKind::Trapped, detail: "the decoder was closed".to_string() };
        let permit = self.permits.acquire().await.map_err(closed)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let instance = match idle {
            Some(instance) => instance,
            None => {
                let _running = self.sandbox.ticker.run();
                Instance::open(&self.sandbox, &self.transform, &self.keys, self.limits).await?
            }
        };
        Ok((permit, instance))
    }

    async fn put_back(&self, mut instance: Instance) -> Result<(), Fault> {
        let news = instance.counts().await?;
        merge(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner), news);
        match instance.is_worn() {
            true => tracing::debug!(memory = instance.memory(), "an instance is replaced"),
            false => self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instance),
        }
        Ok(())
    }
}

/// Adds counters by cluster, instance and name. Few rows: one per instance and counter.
fn merge(counts: &mut Vec<Count>, news: Vec<Count>) {
    for new in news {
        let same = |c: &&mut Count| c.name == new.name && c.instance == new.instance && c.cluster == new.cluster;
        match counts.iter_mut().find(same) {
            Some(count) => count.value = count.value.saturating_add(new.value),
            None => counts.push(new),
        }
    }
}
