//! Which database engine wrote an event.

/// A database engine of Database Activity Streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Aurora PostgreSQL.
    PostgreSql,
    /// Aurora MySQL.
    MySql,
    /// RDS for Oracle.
    Oracle,
    /// RDS for SQL Server.
    SqlServer,
    /// An event that does not say, or one that this version does not know.
    Unknown,
}

impl Engine {
    /// The engine that `serverType` names, else the one of `dbProtocol`. Upper and lower case are the same: Oracle's
    /// documents and samples differ.
    pub(crate) fn of(server_type: Option<&str>, db_protocol: Option<&str>) -> Engine {
        let known = |name: Option<&str>| name.map_or(Engine::Unknown, Engine::named);
        match known(server_type) {
            Engine::Unknown => known(db_protocol),
            engine => engine,
        }
    }

    /// `PostgreSQL`, `MySQL`, `oracle`, `SQLSERVER`; protocols carry a version behind the name: `Postgres 3.0`.
    fn named(name: &str) -> Engine {
        let starts = |start: &str| name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
        if starts("postgres") {
            Engine::PostgreSql
        } else if starts("mysql") {
            Engine::MySql
        } else if starts("oracle") {
            Engine::Oracle
        } else if starts("sqlserver") {
            Engine::SqlServer
        } else {
            Engine::Unknown
        }
    }
}
