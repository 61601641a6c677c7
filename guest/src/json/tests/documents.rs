//! Documents as the four engines write them, and the parts that are dear to get wrong: escapes, text that is not
//! ASCII, numbers of every form, white space of every kind, containers without members.

pub(super) const ALL: [&str; 5] = [
    include_str!("../../../tests/documents/heartbeat.json"),
    include_str!("../../../tests/documents/aurora-postgresql.json"),
    include_str!("../../../tests/documents/aurora-mysql.json"),
    include_str!("../../../tests/documents/rds-oracle.json"),
    include_str!("../../../tests/documents/rds-sqlserver.json"),
];
