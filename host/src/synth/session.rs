//! Who is connected, from where and with what, and what they do next.

use super::clock::Moment;
use super::dice::Dice;
use super::settings::Engine;
use super::statement::Statement;

/// What a user does for a living; decides the statements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// An application.
    Service,
    /// Night-time loading.
    Batch,
    /// A person who reads.
    Analyst,
    /// A person who may do anything.
    Administrator,
    /// AWS itself.
    System,
}
use Role::{Administrator, Analyst, Batch, Service, System};

impl Role {
    /// How many of the sessions are theirs, in relation to each other.
    fn share(self) -> u32 {
        match self {
            Service => 8,
            Batch | Administrator => 3,
            Analyst | System => 2,
        }
    }
}

/// A database user and its clients.
pub(super) struct User {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) applications: &'static [&'static str],
}

const fn user(name: &'static str, role: Role, applications: &'static [&'static str]) -> User {
    User { name, role, applications }
}

const POSTGRES: &[User] = &[
    user("shop_app", Service, &["PostgreSQL JDBC Driver", ""]),
    user("etl_loader", Batch, &["airflow - worker 3", "pg_dump"]),
    user("maria.lopez", Analyst, &["DBeaver 24.1.0 - SQLEditor <Script-7.sql>"]),
    user("renée", Analyst, &["psql", "pgAdmin 4 - DB:shop"]),
    user("監査", Analyst, &["Metabase v0.50 [日本]"]),
    user("postgres", Administrator, &["psql"]),
    user("rdsadmin", System, &["rdsheartbeat", ""]),
    user("rdsproxyadmin", System, &[]),
];
const MYSQL: &[User] = &[
    user("shop_app", Service, &[]),
    user("etl_loader", Batch, &[]),
    user("maria.lopez", Analyst, &[]),
    user("jürgen", Analyst, &[]),
    user("admin", Administrator, &[]),
    user("rdsadmin", System, &[]),
    user("rdsproxyadmin", System, &[]),
];
const ORACLE: &[User] = &[
    user("SHOP_APP", Service, &["JDBC Thin Client"]),
    user("ETL_LOADER", Batch, &["sqlldr@batch-7 (TNS V1-V3)"]),
    user("MARIA.LOPEZ", Analyst, &["SQL Developer"]),
    user("MÜLLER", Analyst, &["TOAD.EXE"]),
    user("ADMIN", Administrator, &["sqlplus@bastion (TNS V1-V3)"]),
    user("RDSADMIN", System, &[]),
    user("RDSSEC", System, &["JDBC Thin Client"]),
];
const SQLSERVER: &[User] = &[
    user("shop_app", Service, &["Core Microsoft SqlClient Data Provider"]),
    user("etl_loader", Batch, &["SSIS-Load-{6A1F}"]),
    user("CORP\\maria.lopez", Analyst, &["Microsoft SQL Server Management Studio - Query"]),
    user("søren", Analyst, &["azdata-Query"]),
    user("admin", Administrator, &["Microsoft SQL Server Management Studio - Query", "SQLCMD"]),
    user("rdsadmin", System, &["SQLAgent - TSQL JobStep (Job 0x2F : Step 1)"]),
];

impl Engine {
    fn users(self) -> &'static [User] {
        match self {
            Self::Postgres => POSTGRES,
            Self::Mysql => MYSQL,
            Self::Oracle => ORACLE,
            Self::Sqlserver => SQLSERVER,
        }
    }

    fn databases(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["shop", "billing", "postgres"],
            Self::Mysql => &["shop", "billing", ""],
            Self::Oracle => &["ORCL"],
            Self::Sqlserver => &["shop", "billing", "master"],
        }
    }
}

/// An open connection.
pub(super) struct Session {
    pub(super) user: &'static User,
    pub(super) database: &'static str,
    /// An address, or a name where the server looks names up.
    pub(super) host: String,
    pub(super) port: u32,
    pub(super) application: Option<&'static str>,
    pub(super) process: u32,
    pub(super) number: u32,
    pub(super) opened: Moment,
    /// Statements run so far.
    pub(super) statements: u32,
}

impl Session {
    /// Somebody connects.
    pub(super) fn open(engine: Engine, opened: Moment, dice: &mut Dice) -> Self {
        let weighted: Vec<_> = engine.users().iter().map(|user| (user.role.share(), user)).collect();
        let user = dice.weighted(&weighted);
        let application = if user.applications.is_empty() { None } else { Some(*dice.pick(user.applications)) };
        let host = match dice.between(1, 4) {
            1 => format!("ip-10-0-{}-{}.ec2.internal", dice.between(0, 9), dice.between(4, 250)),
            _ => format!("10.0.{}.{}", dice.between(0, 9), dice.between(4, 250)),
        };
        Self {
            user,
            database: *dice.pick(engine.databases()),
            host,
            port: dice.between(1_025, 65_535),
            application,
            process: dice.between(200, 99_999),
            number: dice.between(50, 9_999_999),
            opened,
            statements: 0,
        }
    }
}

/// Why a statement failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mishap {
    NoSuchTable,
    NoPermission,
    Duplicate,
    Deadlock,
}

/// What somebody did.
pub(super) enum Deed {
    Connect,
    Disconnect,
    /// A wrong password; the session never came to be.
    LoginRefused,
    Ran(Statement),
    Failed(Statement, Mishap),
}

/// Something that happened in a session, with its beginning and end.
pub(super) struct Activity<'a> {
    pub(super) session: &'a Session,
    pub(super) deed: Deed,
    pub(super) start: Moment,
    pub(super) end: Moment,
}
