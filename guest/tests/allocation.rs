//! The decoder allocates per batch, not per record: once its buffers have grown, twice the records ask for memory not
//! once more. A test binary of its own, because it counts what the whole process allocates.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, reason = "test code")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test code")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dastap_guest::{KeyError, KeyRequest, Settings, Transform};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// The system's allocator with a counter in front.
struct Counting;

#[allow(unsafe_code, reason = "an allocator can only be written with it")]
// SAFETY: every call is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

const DATA_KEY: [u8; 32] = *b"the data key that all tests use.";
const DOCUMENTS: [&str; 5] = [
    include_str!("documents/heartbeat.json"),
    include_str!("documents/aurora-postgresql.json"),
    include_str!("documents/aurora-mysql.json"),
    include_str!("documents/rds-oracle.json"),
    include_str!("documents/rds-sqlserver.json"),
];

/// A rule of every kind, and routes of both.
const RULES: &str = r#"{"resources":["db-TEST"],"mysql-aux":"drop","rules":[
    {"drop":{"class":"NONE","command":["A","B"]}},
    {"drop":{"dbUserName|startswith":"etl_","commandText|contains":"Größe"}},
    {"drop":{"commandText|re|i":"drop +(table|user) .*x$"}},
    {"drop":{"remoteHost|cidr":["10.99.0.0/16","fe80::/10"],"rowCount|gt":100000}},
    {"drop":{"commandText":"a*b?c*d","objectName|cased":"X"}},
    {"drop":{"engineNativeAuditFields.ROLE":"DBA","paramList|contains":"secret"}},
    {"drop":{"outcome":"failure","durationMs|gt":1000,"time|startswith":"1999"}},
    {"drop":{"dbUserName|fieldref":"clientApplication"}},
    {"sigma":[{"title":"t","level":"low","detection":{"a":{"class":"MAIN"},"b":{"exitCode":1},"condition":"a or b"}}],
     "route":"alerts/{class}"},
    {"keep":{"command|exists":true},"route":"rest"}
]}"#;
const KEYWORDS: &str = r#"{"resources":["db-TEST"],"rules":[{"drop":["no such word","nor this*one"]}]}"#;
/// Every action, on members and inside of them.
const REDACT: &str = r#"{"resources":["db-TEST"],"redact-key":"sixteen bytes and more","redact":{"preset":"sql",
    "dbUserName":"hash","objectName":{"truncate":3},"remoteHost":"drop","engineNativeAuditFields.SCN":"mask"}}"#;
const REDACT_WHOLE: &str = r#"{"resources":["db-TEST"],"redact":"sql","shape":"envelope"}"#;
const OCSF: &str = r#"{"resources":["db-TEST"],"redact":"sql","shape":"ocsf","raw":true}"#;
const ECS: &str = r#"{"resources":["db-TEST"],"redact":"sql","shape":"ecs"}"#;

/// The key schedule of each message's content key lies in a box.
const OF_THE_CIPHER: u64 = 1;

/// One test, so that nothing else allocates meanwhile.
#[test]
fn records_allocate_nothing_once_the_buffers_have_grown() {
    for (settings, routes) in [
        (r#"{"resources":["db-TEST"]}"#, 1),
        (r#"{"resources":["db-TEST"],"shape":"envelope"}"#, 1),
        (RULES, 4),
        (KEYWORDS, 1),
        (REDACT, 1),
        (REDACT_WHOLE, 1),
        (OCSF, 1),
        (ECS, 1),
    ] {
        for documents in DOCUMENTS.iter().map(|document| vec![document.to_string()]).chain([all_and_large()]) {
            let records: Vec<String> = documents.iter().map(|document| record(document)).collect();
            let mut transform = Transform::open(Settings::from_json(settings).unwrap()).unwrap();
            allocations(&mut transform, &records, 32);
            let (few, many) = (allocations(&mut transform, &records, 16), allocations(&mut transform, &records, 32));
            // Each output of the batch doubles a last time.
            let more = many.saturating_sub(few).saturating_sub(16 * OF_THE_CIPHER * records.len() as u64);
            assert!(
                more <= routes,
                "{more} allocations for {} records more, {}",
                16 * records.len(),
                &documents[0][..60]
            );
        }
    }
}

/// Every kind of document, and one of several frames.
fn all_and_large() -> Vec<String> {
    let event = |n: usize| format!(r#"{{"type":"record","statementId":{n},"commandText":"select {}"}}"#, n * n * 7919);
    let events: Vec<String> = (0..2000).map(event).collect();
    let large = format!(r#"{{"databaseActivityEventList":[{}]}}"#, events.join(","));
    DOCUMENTS.map(str::to_string).into_iter().chain([large]).collect()
}

/// Of one batch, in which the records stand `times` times.
fn allocations(transform: &mut Transform, records: &[String], times: usize) -> u64 {
    let batch: Vec<&String> = (0..times).flat_map(|_| records).collect();
    let mut keys = |_: &KeyRequest| -> Result<Vec<u8>, KeyError> { Ok(DATA_KEY.to_vec()) };
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let merged = transform.decode_merged(&batch, None, &mut keys);
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    assert_eq!(merged.failures, []);
    after - before
}

/// A record as a database makes it: gzip, suite 0x0178, frames of 4096 bytes, one raw AES data key.
fn record(document: &str) -> String {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(document.as_bytes()).unwrap();
    let message = STANDARD.encode(message(&gzip.finish().unwrap()));
    format!(
        r#"{{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"{message}","key":"YmxvYg=="}}"#
    )
}

fn message(plaintext: &[u8]) -> Vec<u8> {
    let message_id = [5; 16];
    let message_key = [9; 32];
    let mut content_key = [0; 32];
    let info = [&[0x01, 0x78][..], &message_id].concat();
    hkdf::Hkdf::<sha2::Sha256>::new(None, &message_key).expand(&info, &mut content_key).unwrap();
    // Version, type, suite, message id, no context, one encrypted data key: provider, information, ciphertext.
    let mut message =
        [&[1, 0x80, 0x01, 0x78][..], &message_id, &[0, 0, 0, 1, 0, 2], b"BC", &[0, 27], b"DataKey"].concat();
    message.extend([0, 0, 0, 128, 0, 0, 0, 12]);
    message.extend([3; 12]);
    message.extend([0, 48]);
    message.extend(seal(&DATA_KEY, &[3; 12], &[], &message_key));
    // Framed, reserved, length of an iv, frame length; then the header's iv and tag.
    message.extend([2, 0, 0, 0, 0, 12, 0, 0, 16, 0]);
    let tag = seal(&content_key, &[0; 12], &message, &[]);
    message.extend([0; 12]);
    message.extend(tag);
    let frames: Vec<&[u8]> = plaintext.chunks(4096).collect();
    for (number, frame) in (1u32..).zip(&frames) {
        let is_final = usize::try_from(number).unwrap() == frames.len();
        let text = if is_final { "AWSKMSEncryptionClient Final Frame" } else { "AWSKMSEncryptionClient Frame" };
        let length = u32::try_from(frame.len()).unwrap();
        let iv = [&[0; 8][..], &number.to_be_bytes()].concat();
        let associated =
            [&message_id[..], text.as_bytes(), &number.to_be_bytes(), &u64::from(length).to_be_bytes()].concat();
        if is_final {
            message.extend([0xff; 4]);
        }
        message.extend([&number.to_be_bytes(), iv.as_slice()].concat());
        if is_final {
            message.extend(length.to_be_bytes());
        }
        message.extend(seal(&content_key, &iv, &associated, frame));
    }
    message
}

fn seal(key: &[u8; 32], iv: &[u8], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let iv: [u8; 12] = iv.try_into().unwrap();
    Aes256Gcm::new(key.into()).encrypt(&Nonce::from(iv), Payload { msg, aad }).unwrap()
}
