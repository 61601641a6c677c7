//! Documents as the four engines write them, and the parts that are dear to get wrong: escapes, text that is not
//! ASCII, numbers of every form, white space of every kind, containers without members.

use std::collections::HashMap;

use serde_json::value::RawValue;

const ALL: [&str; 5] = [
    include_str!("../../../tests/documents/heartbeat.json"),
    include_str!("../../../tests/documents/aurora-postgresql.json"),
    include_str!("../../../tests/documents/aurora-mysql.json"),
    include_str!("../../../tests/documents/rds-oracle.json"),
    include_str!("../../../tests/documents/rds-sqlserver.json"),
];

/// The documents, and each of their events.
pub(super) fn with_events() -> Vec<String> {
    let events = ALL.iter().flat_map(|text| {
        let document: HashMap<String, &RawValue> = serde_json::from_str(text).unwrap();
        let list = document["databaseActivityEventList"].get();
        let events: Vec<&RawValue> = serde_json::from_str(list).unwrap();
        events.into_iter().map(|event| event.get().to_string()).collect::<Vec<_>>()
    });
    ALL.iter().map(|text| (*text).to_string()).chain(events).collect()
}
