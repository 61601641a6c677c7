//! The sink against stores that fail, lose answers and forget uploads.

mod flaky;

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::encoder::Compression;
use super::folder::Folder;
use super::rolling::{Bounds, Objects};
use super::template::Template;
use super::upload::Keeper;
use super::writer::Workshop;
use crate::metrics::Metrics;
use crate::runner::{Delivery, Lines, Queue, Receipt, drive};
use crate::sink::{Retry, SinkContext, SinkError};
use crate::store::Store;
use flaky::{Flaky, Trouble};

const BOUNDS: Bounds = Bounds { size: 1 << 20, age: Duration::from_secs(300), open: 100, buffer: 128 << 20 };

/// A sink that is driven as in a run, with one lane open.
struct Run {
    queue: Queue,
    lanes: watch::Sender<usize>,
    driver: JoinHandle<Result<(), SinkError>>,
}

impl Run {
    fn start(keeper: Keeper, template: &str, bounds: Bounds) -> Self {
        let metrics = Arc::new(Metrics::default());
        let context = SinkContext { name: "objects".into(), metrics: Arc::clone(&metrics), dead_letter: None };
        let workshop = Workshop {
            keeper,
            template: Template::parse(template, "").unwrap(),
            compression: Compression::None,
            retry: Arc::new(Retry::new(&context)),
            buffered: watch::Sender::new(0),
        };
        let (queue, items) = Queue::new("objects".into(), 64 << 20, metrics);
        let (lanes, idle) = watch::channel(1);
        let driver = tokio::spawn(drive(Box::new(Objects::new(workshop, bounds)), items, idle));
        Run { queue, lanes, driver }
    }

    async fn put(&self, route: &str, text: &str) -> Receipt {
        let (settlement, receipt) = Receipt::pair();
        let lines = Lines { route: route.into(), text: text.into(), events: 1, resource: None };
        self.queue.put(Arc::new(lines), settlement.ack()).await;
        receipt
    }

    async fn end(self) -> Result<(), SinkError> {
        drop(self.queue);
        self.driver.await.unwrap()
    }
}

fn bucket(store: &Arc<Flaky>) -> Keeper {
    Keeper::Bucket(Store {
        objects: Arc::clone(store) as _,
        parts: Some(Arc::clone(store) as _),
        prefix: Path::default(),
    })
}

/// Names without their ids, with what is in them.
async fn objects(store: &Flaky) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let metas: Vec<_> = store.list(None).try_collect().await.unwrap();
    for meta in metas {
        let bytes = store.get(&meta.location).await.unwrap().bytes().await.unwrap();
        let name = meta.location.as_ref().rsplit_once('/').unwrap().0.to_owned();
        found.push((name, String::from_utf8(bytes.to_vec()).unwrap()));
    }
    found.sort();
    found
}

/// Whether a receipt is there already.
async fn is_settled(receipt: &mut Receipt) -> bool {
    tokio::time::timeout(Duration::from_millis(1), receipt.settled()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn lines_are_accepted_when_their_object_is_complete_and_not_before() {
    let store = Flaky::new(Trouble::Refuses, 7);
    let run = Run::start(bucket(&store), "{route}/{id}", BOUNDS);
    let mut receipts = [run.put("a", "1\n").await, run.put("b", "2\n").await, run.put("a", "3\n").await];
    for receipt in &mut receipts {
        assert!(!is_settled(receipt).await);
    }
    run.lanes.send_replace(0);
    for receipt in &mut receipts {
        assert_eq!(receipt.settled().await, Delivery::Accepted);
    }
    assert_eq!(store.left(), 0, "it has failed as often as it should");
    assert_eq!(objects(&store).await, [("a".into(), "1\n3\n".into()), ("b".into(), "2\n".into())]);
    run.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_object_is_complete_by_its_age_and_by_its_size() {
    let store = Flaky::new(Trouble::Refuses, 0);
    let run = Run::start(bucket(&store), "{route}/{id}", Bounds { size: 10, ..BOUNDS });
    let mut young = run.put("young", "1\n").await;
    let mut large = run.put("large", "123456789\n").await;
    assert_eq!(large.settled().await, Delivery::Accepted);
    assert!(!is_settled(&mut young).await);
    tokio::time::sleep(BOUNDS.age).await;
    assert_eq!(young.settled().await, Delivery::Accepted);
    run.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn beyond_the_most_open_objects_the_oldest_is_completed() {
    let store = Flaky::new(Trouble::Refuses, 0);
    let run = Run::start(bucket(&store), "{route}/{id}", Bounds { open: 2, ..BOUNDS });
    let mut receipts = [run.put("a", "1\n").await, run.put("b", "2\n").await, run.put("c", "3\n").await];
    assert_eq!(receipts[0].settled().await, Delivery::Accepted);
    assert!(!is_settled(&mut receipts[1]).await && !is_settled(&mut receipts[2]).await);
    run.end().await.unwrap();
    assert_eq!(objects(&store).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_buffer_the_largest_are_completed() {
    let store = Flaky::new(Trouble::Refuses, 3);
    let run = Run::start(bucket(&store), "{route}/{id}", Bounds { size: 1 << 30, buffer: 5 << 20, ..BOUNDS });
    let mut small = run.put("small", "1\n").await;
    let mut large = run.put("large", &"x".repeat(6 << 20)).await;
    // Bounded before the next is taken, by when both tasks have theirs.
    tokio::time::sleep(Duration::from_millis(10)).await;
    let mut next = run.put("next", "2\n").await;
    assert_eq!(large.settled().await, Delivery::Accepted);
    assert!(!is_settled(&mut small).await && !is_settled(&mut next).await);
    run.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_large_object_goes_in_parts_and_is_invisible_until_the_last() {
    let store = Flaky::new(Trouble::Refuses, 5);
    let run = Run::start(bucket(&store), "{route}/{id}", Bounds { size: 1 << 30, ..BOUNDS });
    let lines: Vec<String> =
        (b'a'..b'u').map(|letter| char::from(letter).to_string().repeat((1 << 20) - 1) + "\n").collect();
    let mut receipts = Vec::new();
    for line in &lines {
        receipts.push(run.put("a", line).await);
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((store.left(), store.parts()), (0, 2), "two parts of 8 MiB, after all failures");
    assert!(objects(&store).await.is_empty());
    run.end().await.unwrap();
    for mut receipt in receipts {
        assert_eq!(receipt.settled().await, Delivery::Accepted);
    }
    assert_eq!(objects(&store).await, [("a".into(), lines.concat())]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_does_not_make_a_second_object() {
    for size in [1, 9 << 20] {
        let store = Flaky::new(Trouble::LosesLastAnswers, 2);
        let run = Run::start(bucket(&store), "{route}/{id}", Bounds { size: 1 << 30, ..BOUNDS });
        let mut receipt = run.put("a", &"x".repeat(size)).await;
        run.end().await.unwrap();
        assert_eq!(receipt.settled().await, Delivery::Accepted);
        assert_eq!(objects(&store).await, [("a".into(), "x".repeat(size))]);
    }
}

#[tokio::test(start_paused = true)]
async fn lines_of_an_upload_that_the_store_forgot_are_never_accepted() {
    let store = Flaky::new(Trouble::ForgetsUploads, 1);
    let run = Run::start(bucket(&store), "{route}/{id}", Bounds { size: 1 << 30, ..BOUNDS });
    let mut receipt = run.put("a", &"x".repeat(9 << 20)).await;
    let problem = run.end().await.unwrap_err().to_string();
    assert!(problem.contains("has lost the unfinished upload of a/"), "{problem}");
    assert!(matches!(receipt.settled().await, Delivery::Stopped { .. }));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_given_up_is_called_off() {
    let store = Flaky::new(Trouble::Refuses, 0);
    let run = Run::start(bucket(&store), "{route}/{id}", Bounds { size: 1 << 30, ..BOUNDS });
    let mut receipt = run.put("a", &"x".repeat(9 << 20)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((store.parts(), store.called_off()), (1, 0));
    run.driver.abort();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(store.called_off(), 1);
    assert!(matches!(receipt.settled().await, Delivery::Stopped { .. }));
    assert!(objects(&store).await.is_empty());
}

#[tokio::test]
async fn a_folder_has_whole_objects_only() {
    let root = tempfile::tempdir().unwrap();
    let keeper = Keeper::Folder(Folder::open(root.path()).unwrap());
    let run = Run::start(keeper, "{route}/{id}.ndjson", Bounds { size: 1 << 20, ..BOUNDS });
    let line = "x".repeat(300 << 10) + "\n";
    let mut receipts = Vec::new();
    for _ in 0..10 {
        receipts.push(run.put("a/b", &line).await);
    }
    run.end().await.unwrap();
    for mut receipt in receipts {
        assert_eq!(receipt.settled().await, Delivery::Accepted);
    }
    let files: Vec<_> = std::fs::read_dir(root.path().join("a/b")).unwrap().map(|file| file.unwrap().path()).collect();
    let sizes = files.iter().map(|file| std::fs::read(file).unwrap().len()).sum::<usize>();
    assert_eq!((files.len(), sizes), (3, 10 * line.len()));
}
