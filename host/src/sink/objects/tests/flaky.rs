//! A store in memory that is in trouble for a while.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::*;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Every request fails.
    Refuses,
    /// What makes an object visible succeeds, and says that it did not.
    LosesLastAnswers,
    /// Uploads in parts are not known any more at their end.
    ForgetsUploads,
}

#[derive(Debug)]
pub(super) struct Flaky {
    inner: InMemory,
    trouble: Trouble,
    left: AtomicU32,
    parts: AtomicU32,
    called_off: AtomicU32,
}

impl Flaky {
    /// In trouble for so many requests.
    pub(super) fn new(trouble: Trouble, times: u32) -> Arc<Self> {
        let [left, parts, called_off] = [times, 0, 0].map(AtomicU32::new);
        Arc::new(Flaky { inner: InMemory::new(), trouble, left, parts, called_off })
    }

    pub(super) fn left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    pub(super) fn parts(&self) -> u32 {
        self.parts.load(Ordering::Relaxed)
    }

    pub(super) fn called_off(&self) -> u32 {
        self.called_off.load(Ordering::Relaxed)
    }

    fn fails(&self, trouble: Trouble) -> Result<()> {
        let takes = |left: u32| left.checked_sub(1);
        match self.trouble == trouble && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_ok() {
            true => Err(Error::Generic { store: "flaky", source: "as the test wants it".into() }),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flaky")
    }
}

#[async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.fails(Trouble::Refuses)?;
        let put = self.inner.put_opts(location, payload, opts).await?;
        self.fails(Trouble::LosesLastAnswers)?;
        Ok(put)
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl MultipartStore for Flaky {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.fails(Trouble::Refuses)?;
        self.inner.create_multipart(path).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, number: usize, data: PutPayload) -> Result<PartId> {
        self.fails(Trouble::Refuses)?;
        self.parts.fetch_add(1, Ordering::Relaxed);
        self.inner.put_part(path, id, number, data).await
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        self.fails(Trouble::Refuses)?;
        let unknown = || Error::NotFound { path: path.to_string(), source: "no such upload".into() };
        self.fails(Trouble::ForgetsUploads).map_err(|_| unknown())?;
        // Memory says otherwise than S3 what it does not know.
        let completed = self.inner.complete_multipart(path, id, parts).await.map_err(|_| unknown())?;
        self.fails(Trouble::LosesLastAnswers)?;
        Ok(completed)
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.called_off.fetch_add(1, Ordering::Relaxed);
        self.inner.abort_multipart(path, id).await
    }
}
