//! How much all requests together hold in memory: asked for before it is allocated.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;

/// What one permit stands for: a semaphore counts to 2^32 only on small machines.
const UNIT: usize = 1 << 10;

/// The room of all requests.
#[derive(Debug, Clone)]
pub(super) struct Memory(Arc<Semaphore>);

/// What one request holds of it; given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    memory: Memory,
    permits: Vec<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Memory {
    /// Room for so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Memory(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// Nothing of it, yet.
    pub(super) fn hold(&self) -> Held {
        Held { memory: self.clone(), permits: vec![], bytes: 0 }
    }
}

impl Held {
    /// Holds at least so many bytes from now on. Asks for twice as much as before, so that growing byte by byte is cheap.
    /// It does not wait: two requests that wait for each other's room would wait for ever.
    ///
    /// # Errors
    /// There is no room.
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let more = (bytes - self.bytes).max(self.bytes);
        let units = u32::try_from(more.div_ceil(UNIT)).map_err(|_| Problem::Full)?;
        let permit = Arc::clone(&self.memory.0).try_acquire_many_owned(units).map_err(|_| Problem::Full)?;
        self.permits.push(permit);
        self.bytes += more;
        Ok(())
    }

    /// Gives everything back.
    pub(super) fn clear(&mut self) {
        self.permits.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn together_they_hold_no_more_than_there_is() {
        let memory = Memory::new(10 * UNIT);
        let (mut one, mut other) = (memory.hold(), memory.hold());
        assert_eq!(one.grow_to(4 * UNIT), Ok(()));
        assert_eq!(other.grow_to(5 * UNIT), Ok(()));
        assert_eq!(one.grow_to(3 * UNIT), Ok(()));
        assert_eq!(one.grow_to(6 * UNIT), Err(Problem::Full));
        drop(other);
        assert_eq!(one.grow_to(6 * UNIT), Ok(()));
        one.clear();
        assert_eq!(memory.hold().grow_to(10 * UNIT), Ok(()));
    }
}
