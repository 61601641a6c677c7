//! Which objects there are to read: in the order of their names, as many as memory has room for.

use std::collections::BinaryHeap;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use super::journal::{self, Id};
use super::pattern;
use crate::store::Store;

/// One object as it was listed. Ordered by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Object {
    path: Path,
    version: Arc<str>,
    /// As HTTP compares it; none where the store gives none.
    pub(super) tag: Option<String>,
    pub(super) size: u64,
    /// Records of it that were delivered by an earlier run.
    pub(super) delivered: u64,
}

/// What is to be read.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) objects: Vec<Object>,
    /// Bytes of all that are not read yet, those that had no room among them.
    pub(super) bytes: u64,
    /// There are more.
    pub(super) more: bool,
}

/// So many are remembered at once, some 300 bytes each; then the store is asked again.
const MOST: usize = 100_000;

impl Object {
    fn of(meta: ObjectMeta) -> Self {
        let version = meta.e_tag.clone().unwrap_or_else(|| format!("{} {}", meta.size, meta.last_modified));
        Object { path: meta.location, version: version.into(), tag: meta.e_tag, size: meta.size, delivered: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &str {
        self.path.as_ref()
    }

    /// What changes when the object does.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn id(&self) -> Id {
        journal::id(self.name(), &self.version)
    }

    #[cfg(test)]
    pub(super) fn test(name: &str, version: &str) -> Self {
        Object { path: Path::from(name), version: version.into(), tag: None, size: 0, delivered: 0 }
    }
}

/// Lists what matches and is wanted, in the order of names.
///
/// Names of which a step begins with a dot are left out: unfinished files of other programs are called so.
///
/// # Errors
/// The store's.
pub(super) async fn list(
    store: &Store,
    filter: Option<&str>,
    wanted: impl Fn(&Object) -> bool,
) -> object_store::Result<Listing> {
    list_most(store, filter, wanted, MOST).await
}

async fn list_most(
    store: &Store,
    filter: Option<&str>,
    wanted: impl Fn(&Object) -> bool,
    most: usize,
) -> object_store::Result<Listing> {
    let mut found = store.objects.list(Some(&store.prefix).filter(|prefix| !prefix.as_ref().is_empty()));
    let (mut first, mut bytes, mut more) = (BinaryHeap::new(), 0, false);
    while let Some(meta) = found.try_next().await? {
        if meta.size == 0 || !is_named(&store.prefix, &meta.location, filter) {
            continue;
        }
        let object = Object::of(meta);
        if wanted(&object) {
            bytes += object.size;
            first.push(object);
            if first.len() > most {
                first.pop();
                more = true;
            }
        }
    }
    Ok(Listing { objects: first.into_sorted_vec(), bytes, more })
}

fn is_named(prefix: &Path, path: &Path, filter: Option<&str>) -> bool {
    let name = path.as_ref().strip_prefix(prefix.as_ref()).unwrap_or(path.as_ref()).trim_start_matches('/');
    let is_hidden = name.split('/').any(|step| step.starts_with('.'));
    !is_hidden && filter.is_none_or(|filter| pattern::matches(filter, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    async fn store(names: &[&str]) -> Store {
        let store = InMemory::new();
        for name in names {
            let bytes = if name.ends_with("empty") { "" } else { "{}" };
            store.put(&Path::from(*name), bytes.into()).await.unwrap();
        }
        Store::remote(store, Path::from("das"))
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.objects.iter().map(Object::name).collect()
    }

    #[tokio::test]
    async fn names_are_in_order_and_what_is_hidden_or_empty_or_elsewhere_is_not_there() {
        let store =
            store(&["das/b.gz", "das/a/2.gz", "das/.dastap/x.gz", "das/a/empty", "other/c.gz", "das/a/1.gz"]).await;
        let listing = list(&store, None, |_| true).await.unwrap();
        assert_eq!(names(&listing), ["das/a/1.gz", "das/a/2.gz", "das/b.gz"]);
        assert_eq!((listing.bytes, listing.more), (6, false));
        let listing = list(&store, Some("a/*.gz"), |object| object.name() != "das/a/1.gz").await.unwrap();
        assert_eq!(names(&listing), ["das/a/2.gz"]);
    }

    #[tokio::test]
    async fn what_has_no_room_is_listed_later() {
        let store = store(&["das/3", "das/1", "das/2"]).await;
        let listing = list_most(&store, None, |_| true, 2).await.unwrap();
        assert_eq!((names(&listing), listing.bytes, listing.more), (vec!["das/1", "das/2"], 6, true));
    }
}
