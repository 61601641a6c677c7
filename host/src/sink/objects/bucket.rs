//! An object in a bucket: one request while it is small, an upload in parts as soon as there is more than one part.
//!
//! Both are visible only when they are complete. An upload in parts that is given up is called off; where even that
//! fails, a lifecycle rule of the bucket has to clear it away.

use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{Error, MultipartId, ObjectStoreExt, PutMode, PutPayload};
use std::sync::Arc;

use super::upload::again;
use crate::sink::Retry;
use crate::store::Store;

/// An object that is not yet visible.
pub(super) struct Parts {
    store: Store,
    name: Path,
    upload: Option<(Arc<dyn MultipartStore>, MultipartId)>,
    done: Vec<PartId>,
}

/// What a last step came to.
enum Last {
    Done,
    /// Another object has the name.
    Taken,
    /// The store does not know the upload.
    Gone,
}

impl Parts {
    pub(super) fn new(store: Store, name: &str) -> Self {
        Parts { name: store.name(name), store, upload: None, done: Vec::new() }
    }

    /// Sends a part.
    pub(super) async fn put(&mut self, bytes: Bytes, retry: &Retry) {
        let Some(store) = self.store.parts.clone() else { return };
        let (name, number) = (&self.name, self.done.len());
        if self.upload.is_none() {
            let id = again(retry, || async { store.create_multipart(name).await.map_err(|error| text(&error)) }).await;
            self.upload = Some((Arc::clone(&store), id));
        }
        let Some((_, id)) = &self.upload else { return };
        let attempt = || async {
            let payload = PutPayload::from_bytes(bytes.clone());
            store.put_part(name, id, number, payload).await.map_err(|error| text(&error))
        };
        self.done.push(again(retry, attempt).await);
    }

    /// Sends the rest and makes the object visible. `before`: bytes in the parts that were sent.
    ///
    /// # Errors
    /// The store has lost the parts.
    pub(super) async fn finish(
        mut self,
        rest: Bytes,
        before: u64,
        retry: &Retry,
        name: impl Fn() -> String,
    ) -> Result<(), String> {
        let size = before + rest.len() as u64;
        if self.upload.is_none() {
            while let Last::Taken | Last::Gone = again(retry, || self.put_whole(&rest)).await {
                self.name = self.store.name(&name());
            }
            return Ok(());
        }
        if !rest.is_empty() {
            self.put(rest, retry).await;
        }
        let last = again(retry, || self.complete(size)).await;
        self.upload = None;
        match last {
            Last::Done => Ok(()),
            Last::Taken | Last::Gone => Err(format!("the store has lost the unfinished upload of {}", self.name)),
        }
    }

    async fn put_whole(&self, bytes: &Bytes) -> Result<Last, String> {
        let payload = PutPayload::from_bytes(bytes.clone());
        match self.store.objects.put_opts(&self.name, payload, PutMode::Create.into()).await {
            Ok(_) => Ok(Last::Done),
            // An attempt whose answer was lost may have succeeded: nobody else makes such a name.
            Err(Error::AlreadyExists { .. }) => self.is_there(bytes.len() as u64, Last::Taken).await,
            Err(error) => Err(text(&error)),
        }
    }

    async fn complete(&self, size: u64) -> Result<Last, String> {
        let Some((store, id)) = &self.upload else { return Ok(Last::Gone) };
        match store.complete_multipart(&self.name, id, self.done.clone()).await {
            Ok(_) => Ok(Last::Done),
            // The same: after a success whose answer was lost the upload is not known any more.
            Err(Error::NotFound { .. }) => self.is_there(size, Last::Gone).await,
            Err(error) => Err(text(&error)),
        }
    }

    async fn is_there(&self, size: u64, otherwise: Last) -> Result<Last, String> {
        match self.store.objects.head(&self.name).await {
            Ok(found) if found.size == size => Ok(Last::Done),
            Ok(_) | Err(Error::NotFound { .. }) => Ok(otherwise),
            Err(error) => Err(text(&error)),
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let (Some((store, id)), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let name = self.name.clone();
        runtime.spawn(async move {
            if let Err(error) = store.abort_multipart(&name, &id).await {
                tracing::warn!(object = %name, %error, "an unfinished upload stays behind");
            }
        });
    }
}

fn text(error: &Error) -> String {
    error.to_string()
}
