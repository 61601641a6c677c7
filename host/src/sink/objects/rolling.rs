//! Which object lines go to, and when an object is complete.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::writer::{Group, Share, Workshop};
use crate::runner::Item;
use crate::sink::{Flush, Sink, SinkError};

/// How large, how old and how many objects get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) size: usize,
    pub(super) age: Duration,
    pub(super) open: usize,
    pub(super) buffer: usize,
}

/// The sink.
pub(super) struct Objects {
    workshop: Arc<Workshop>,
    bounds: Bounds,
    open: HashMap<Group, Open>,
    /// Every object's task until it is complete.
    tasks: JoinSet<Result<(), String>>,
    /// Items taken so far.
    taken: u64,
}

/// An object that takes lines. Dropping this completes it.
struct Open {
    items: mpsc::UnboundedSender<Item>,
    opened: Instant,
    /// How many items were taken before it.
    place: u64,
    bytes: usize,
    share: Share,
}

/// An object that is open while so many items go to others is complete, however young: what came behind its first line
/// stays unsettled for the source that replays a bucket at full speed, which has to remember it.
const ITEMS: u64 = 16 << 10;

impl Objects {
    pub(super) fn new(workshop: Workshop, bounds: Bounds) -> Self {
        let (workshop, tasks) = (Arc::new(workshop), JoinSet::new());
        Objects { workshop, bounds, open: HashMap::new(), tasks, taken: 0 }
    }

    fn open(&mut self, group: Group) -> &mut Open {
        if self.open.len() >= self.bounds.open && !self.open.contains_key(&group) {
            self.roll_first(|open| open.place);
        }
        let (workshop, tasks, place) = (&self.workshop, &mut self.tasks, self.taken);
        self.open.entry(group).or_insert_with_key(|group| {
            let ((items, received), share) = (mpsc::unbounded_channel(), Share::new());
            tasks.spawn(Arc::clone(workshop).make(group.clone(), received, share.clone()));
            Open { items, opened: Instant::now(), place, bytes: 0, share }
        })
    }

    /// Completes the one that comes first by this.
    fn roll_first<K: Ord>(&mut self, by: impl Fn(&Open) -> K) {
        let first = self.open.iter().min_by_key(|(_, open)| by(open)).map(|(group, _)| group.clone());
        first.and_then(|group| self.open.remove(&group));
    }

    /// Waits until what is in memory is within its bound again.
    async fn bound_memory(&mut self) -> Result<(), SinkError> {
        let most = self.bounds.buffer;
        if *self.workshop.buffered.borrow() <= most {
            return Ok(());
        }
        while self.open.values().map(|open| open.share.bytes()).sum::<usize>() > most / 2 {
            self.roll_first(|open| std::cmp::Reverse(open.share.bytes()));
        }
        let mut buffered = self.workshop.buffered.subscribe();
        loop {
            tokio::select! {
                Some(ended) = self.tasks.join_next() => ended_well(ended)?,
                _ = buffered.wait_for(|bytes| *bytes <= most) => return Ok(()),
            }
        }
    }
}

#[async_trait]
impl Sink for Objects {
    async fn take(&mut self, item: Item) -> Result<(), SinkError> {
        while let Some(ended) = self.tasks.try_join_next() {
            ended_well(ended)?;
        }
        self.bound_memory().await?;
        let resource = item.lines.resource.clone().filter(|_| self.workshop.template.splits_resources());
        let group = Group { route: item.lines.route.clone(), resource };
        let most = self.bounds.size;
        let open = self.open(group.clone());
        open.bytes += item.lines.text.len();
        let is_full = open.bytes >= most;
        // Its task ends early only in failure; then the acknowledgement is dropped, and the next call tells why.
        let _ = open.items.send(item);
        if is_full {
            self.open.remove(&group);
        }
        self.taken += 1;
        let taken = self.taken;
        self.open.retain(|_, open| taken - open.place < ITEMS);
        Ok(())
    }

    fn due(&self) -> Option<std::time::Instant> {
        self.open.values().map(|open| (open.opened + self.bounds.age).into_std()).min()
    }

    async fn flush(&mut self, what: Flush) -> Result<(), SinkError> {
        let (now, age) = (Instant::now(), self.bounds.age);
        self.open.retain(|_, open| what == Flush::Due && open.opened + age > now);
        if what == Flush::All {
            while let Some(ended) = self.tasks.join_next().await {
                ended_well(ended)?;
            }
        }
        Ok(())
    }
}

fn ended_well(ended: Result<Result<(), String>, JoinError>) -> Result<(), SinkError> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(problem)) => Err(SinkError::Failed(problem)),
        Err(error) => Err(SinkError::Failed(format!("the task of an object failed: {error}"))),
    }
}
