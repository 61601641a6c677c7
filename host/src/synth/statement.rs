//! What a statement is, whatever engine runs it.

/// One SQL statement and what it does.
pub(super) struct Statement {
    pub(super) verb: Verb,
    pub(super) text: String,
    /// The objects it touches, by their lower-case names, the chief one first.
    pub(super) objects: Vec<&'static str>,
    /// Values bound to its parameters, as text.
    pub(super) binds: Vec<String>,
    /// Rows touched or returned, where there are any.
    pub(super) rows: Option<u32>,
}

impl Statement {
    pub(super) fn new(verb: Verb, text: String) -> Self {
        Self { verb, text, objects: Vec::new(), binds: Vec::new(), rows: None }
    }

    pub(super) fn on(mut self, object: &'static str) -> Self {
        self.objects.push(object);
        self
    }

    /// The chief object.
    pub(super) fn object(&self) -> Option<&'static str> {
        self.objects.first().copied()
    }

    pub(super) fn bound(mut self, binds: Vec<String>) -> Self {
        self.binds = binds;
        self
    }

    pub(super) fn rows(mut self, rows: u32) -> Self {
        self.rows = Some(rows);
        self
    }
}

/// What a statement does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Select,
    Insert,
    Update,
    Delete,
    CreateTable,
    AlterTable,
    RenameTable,
    DropTable,
    TruncateTable,
    CreateIndex,
    CreateUser,
    AlterUser,
    Grant,
    Revoke,
    Call,
    Begin,
    Commit,
    Set,
}

/// The families that PostgreSQL calls classes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    Read,
    Write,
    Definition,
    Role,
    Function,
    Other,
}

impl Verb {
    pub(super) fn family(self) -> Family {
        match self {
            Self::Select => Family::Read,
            Self::Insert | Self::Update | Self::Delete => Family::Write,
            Self::CreateTable
            | Self::AlterTable
            | Self::RenameTable
            | Self::DropTable
            | Self::TruncateTable
            | Self::CreateIndex => Family::Definition,
            Self::CreateUser | Self::AlterUser | Self::Grant | Self::Revoke => Family::Role,
            Self::Call => Family::Function,
            Self::Begin | Self::Commit | Self::Set => Family::Other,
        }
    }

    /// The SQL words, as most engines print them.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::CreateTable => "CREATE TABLE",
            Self::AlterTable => "ALTER TABLE",
            Self::RenameTable => "RENAME TABLE",
            Self::DropTable => "DROP TABLE",
            Self::TruncateTable => "TRUNCATE TABLE",
            Self::CreateIndex => "CREATE INDEX",
            Self::CreateUser => "CREATE USER",
            Self::AlterUser => "ALTER USER",
            Self::Grant => "GRANT",
            Self::Revoke => "REVOKE",
            Self::Call => "EXECUTE",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Set => "SET",
        }
    }
}
