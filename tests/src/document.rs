//! Decrypted documents: what a database wrote before its events were compressed and encrypted.

use std::io::Write;

use flate2::{Compression, GzBuilder, write::GzEncoder};

/// The database that every record of these tests comes from, unless a test says otherwise.
pub const CLUSTER: &str = "cluster-TESTABCDEF0123456789";

/// The context of its data keys.
pub const CONTEXT: [(&str, &str); 1] = [("aws:rds:dbc-id", CLUSTER)];

/// A document with these events, each of them JSON text, which stands in it as it is.
pub fn of(events: &[impl AsRef<str>]) -> String {
    let events: Vec<&str> = events.iter().map(AsRef::as_ref).collect();
    format!(
        r#"{{"type":"DatabaseActivityMonitoringRecord","clusterId":"{CLUSTER}","instanceId":"db-TEST","databaseActivityEventList":[{}]}}"#,
        events.join(",")
    )
}

/// An event as Aurora PostgreSQL writes it, with a text of one's own.
pub fn event(statement: u64, text: &str) -> String {
    format!(
        r#"{{"class":"READ","clientApplication":"psql","command":"SELECT","commandText":"{text}","databaseName":"app","dbProtocol":"Postgres 3.0","dbUserName":"app","exitCode":null,"rowCount":1.0,"sessionId":"60b98a86.4f64","statementId":{statement},"paramList":[],"type":"record"}}"#
    )
}

/// Compressed as a database does it.
pub fn gzip(document: &[u8]) -> Vec<u8> {
    let mut stream = GzEncoder::new(Vec::new(), Compression::fast());
    stream.write_all(document).expect("memory takes everything");
    stream.finish().expect("memory takes everything")
}

/// A document with one event, and the gzip stream of exactly `size` bytes that holds it: not compressed, and the file
/// comment of the gzip header makes up the size.
pub fn gzip_of_size(size: usize) -> (String, Vec<u8>) {
    let document = of(&[event(1, "select 1")]);
    let stream = |comment: usize| {
        let header = GzBuilder::new().comment(vec![b'-'; comment]);
        let mut stream = header.write(Vec::new(), Compression::none());
        stream.write_all(document.as_bytes()).expect("memory takes everything");
        stream.finish().expect("memory takes everything")
    };
    let smallest = stream(0).len();
    let stream = stream(size.checked_sub(smallest).unwrap_or_else(|| panic!("at least {smallest} bytes")));
    assert_eq!(stream.len(), size);
    (document, stream)
}

/// The event of one line of output, to the byte as the database wrote it: without the three ids in front.
pub fn event_of(line: &str) -> String {
    let ids = line.strip_prefix(r#"{"eventId":""#).and_then(|rest| rest.split_once(r#","instanceId":""#));
    let (_, rest) = ids.unwrap_or_else(|| panic!("expected eventId, clusterId, instanceId in front: {line}"));
    let (_, event) = rest.split_once('"').expect("the end of instanceId");
    format!("{{{}", event.trim_end_matches('\n').trim_start_matches(','))
}
