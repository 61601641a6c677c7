//! Which processor a thread runs on. Where a system does not let us choose, it runs on any.

use crate::Result;

/// While it lives, this thread and the processes that it starts stay on one processor.
pub(crate) struct Pinned {
    before: Vec<usize>,
}

impl Pinned {
    pub(crate) fn new() -> Result<Self> {
        let before = processors()?;
        if let Some(first) = before.first() {
            pin(*first)?;
        }
        Ok(Pinned { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // Where this fails, the rest is measured on one processor.
        let _ = restrict(&self.before);
    }
}

/// This thread runs on this processor from now on.
pub(crate) fn pin(processor: usize) -> Result<()> {
    restrict(&[processor])
}

/// Those that this thread may run on.
#[cfg(target_os = "linux")]
pub(crate) fn processors() -> Result<Vec<usize>> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect())
}

#[cfg(target_os = "linux")]
fn restrict(processors: &[usize]) -> Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    processors.iter().for_each(|processor| set.set(*processor));
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn processors() -> Result<Vec<usize>> {
    Ok((0..std::thread::available_parallelism()?.get()).collect())
}

#[cfg(not(target_os = "linux"))]
fn restrict(_: &[usize]) -> Result<()> {
    Ok(())
}
