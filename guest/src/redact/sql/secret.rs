//! Passwords that are no strings: words of a statement behind which one stands.
//!
//! Oracle takes a password as an identifier, bare or in double quotes: `IDENTIFIED BY tiger`. Procedures of SQL Server
//! take any bare word as a string: `EXEC sp_password NULL, tiger`. Statements that an engine refuses are logged as
//! well, so a word in a password's place counts everywhere.

use super::Dialect;

/// What the words so far let expect.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Secrets {
    previous: Previous,
    /// `IDENTIFIED BY` was read: what follows may be `REPLACE old` or `SET new`.
    identified: bool,
    /// A list of passwords may go on behind a comma.
    pub(super) list: bool,
    /// `CREATE` or `ALTER` of something that has a password.
    account: bool,
    /// Each argument of a procedure may be one, to the end of the statement.
    pub(super) arguments: bool,
    /// The next token is a password.
    pub(super) due: bool,
}

/// The word before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Previous {
    #[default]
    Other,
    Identified,
    CreateOrAlter,
    With,
}

impl Secrets {
    /// Notes a word.
    pub(super) fn word(&mut self, word: &[u8], dialect: Dialect) {
        let is = |known: &str| word.eq_ignore_ascii_case(known.as_bytes());
        let previous = std::mem::take(&mut self.previous);
        let identified = std::mem::take(&mut self.identified);
        self.list = false;
        match word.len() {
            2 if previous == Previous::Identified && is("BY") => {
                self.due = true;
                self.identified = true;
                self.list = dialect == Dialect::Oracle;
            }
            3 | 7 if identified && (is("SET") || is("REPLACE")) => {
                self.due = true;
                self.identified = true;
            }
            4 if is("WITH") => self.previous = Previous::With,
            5 if is("ALTER") => self.previous = Previous::CreateOrAlter,
            6 if is("CREATE") => self.previous = Previous::CreateOrAlter,
            6 if dialect == Dialect::Oracle && previous == Previous::With && is("SECRET") => self.due = true,
            10 if is("IDENTIFIED") => self.previous = Previous::Identified,
            8 | 12 if self.account && (is("PASSWORD") || is("OLD_PASSWORD")) => {
                self.due = matches!(dialect, Dialect::PostgreSql | Dialect::SqlServer);
            }
            11.. if dialect == Dialect::SqlServer && PROCEDURES.iter().any(|name| is(name)) => self.arguments = true,
            _ => {}
        }
        if previous == Previous::CreateOrAlter {
            self.account = ACCOUNTS.iter().any(|name| is(name));
        }
    }

    /// A statement ended.
    pub(super) fn end(&mut self) {
        *self = Secrets::default();
    }
}

/// What has a password.
const ACCOUNTS: [&str; 6] = ["USER", "ROLE", "GROUP", "LOGIN", "APPLICATION", "CREDENTIAL"];

/// Procedures of SQL Server that take one.
const PROCEDURES: [&str; 9] = [
    "sp_addlogin",
    "sp_password",
    "sp_addapprole",
    "sp_setapprole",
    "sp_approlepassword",
    "sp_addlinkedsrvlogin",
    "sp_addlinkedserver",
    "sp_change_users_login",
    "sp_control_dbmasterkey_password",
];
