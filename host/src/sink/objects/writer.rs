//! The task of one object: takes lines, packs them, passes them on in portions, and accepts all of them when the object
//! is complete.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::encoder::{Compression, Encoder};
use super::template::Template;
use super::upload::{Keeper, blocking};
use crate::runner::{Ack, Item};
use crate::sink::Retry;

/// What every object of a sink is made with.
pub(super) struct Workshop {
    pub(super) keeper: Keeper,
    pub(super) template: Template,
    pub(super) compression: Compression,
    pub(super) retry: Arc<Retry>,
    /// Bytes of all unfinished objects that are in memory.
    pub(super) buffered: watch::Sender<usize>,
}

/// What the objects' names are made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) route: String,
    pub(super) resource: Option<Arc<str>>,
}

/// One object's share of the bytes in memory, seen from both sides.
#[derive(Clone)]
pub(super) struct Share(watch::Sender<usize>);

impl Workshop {
    /// Makes one object of all items until nobody sends more.
    ///
    /// # Errors
    /// The object can never be completed; nothing of it is accepted.
    pub(super) async fn make(
        self: Arc<Self>,
        group: Group,
        mut items: mpsc::UnboundedReceiver<Item>,
        share: Share,
    ) -> Result<(), String> {
        let time = Timestamp::now();
        let name = || self.template.name(&group.route, group.resource.as_deref(), time);
        let cannot_pack = |error| format!("cannot pack: {error}");
        let mut upload = self.keeper.begin(&name(), Arc::clone(&self.retry)).await;
        let mut encoder = Encoder::new(self.compression).map_err(cannot_pack)?;
        let mut acks: Vec<Ack> = Vec::new();
        let mut counted = Counted { workshop: &self, share, bytes: 0 };
        while let Some(Item { lines, ack, room }) = items.recv().await {
            acks.push(ack);
            if encoder.is_slow() {
                let mut packed = encoder;
                let packing = move || packed.write(lines.text.as_bytes()).map(|()| packed);
                encoder = blocking(packing).await.map_err(|error| format!("cannot pack: {error}"))?;
            } else {
                encoder.write(lines.text.as_bytes()).map_err(cannot_pack)?;
            }
            counted.set(encoder.len());
            if encoder.len() >= upload.portion() {
                upload.write(encoder.take()).await;
                counted.set(0);
            }
            drop(room);
        }
        let rest = encoder.finish().map_err(cannot_pack)?;
        counted.set(rest.len());
        upload.finish(rest, name).await?;
        acks.into_iter().for_each(Ack::accept);
        Ok(())
    }
}

impl Share {
    pub(super) fn new() -> Self {
        Share(watch::Sender::new(0))
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        *self.0.borrow()
    }
}

/// What one object has added to the sum of all; taken away when it ends, however it ends.
struct Counted<'a> {
    workshop: &'a Workshop,
    share: Share,
    bytes: usize,
}

impl Counted<'_> {
    fn set(&mut self, bytes: usize) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        self.share.0.send_replace(bytes);
        self.workshop.buffered.send_modify(|all| *all = *all + bytes - before);
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.set(0);
    }
}
