//! Names of fields: those that events have, and those of the preset.

use super::Action;

/// What holds SQL, or values out of it:
/// - `commandText`: the statement. Of the AUX events of MySQL it holds names of objects.
/// - `paramList`: the bind values of PostgreSQL and Oracle.
/// - `errorMessage`: engines quote the statement and its values: `Duplicate entry 'x'`, `syntax error near 'x'`.
/// - Oracle's `SQL_TEXT`, `SQL_BINDS`, `RLS_INFO` (the predicates of row level security).
/// - SQL Server's `additional_information` (XML, with the calling statements) and `user_defined_information`.
/// - `statementText` and `parameterList`, as a newer engine names them.
pub(super) const SQL: [(&str, Action); 10] = [
    ("commandText", Action::SqlLiterals),
    ("paramList", Action::Mask),
    ("errorMessage", Action::Mask),
    ("engineNativeAuditFields.SQL_TEXT", Action::SqlLiterals),
    ("engineNativeAuditFields.SQL_BINDS", Action::Mask),
    ("engineNativeAuditFields.RLS_INFO", Action::Mask),
    ("engineNativeAuditFields.additional_information", Action::Mask),
    ("engineNativeAuditFields.user_defined_information", Action::Mask),
    ("statementText", Action::SqlLiterals),
    ("parameterList", Action::Mask),
];

/// The members that events have.
pub const FIELDS: [&str; 38] = [
    "class",
    "clientApplication",
    "command",
    "commandTag",
    "commandText",
    "databaseName",
    "dbProtocol",
    "dbUserName",
    "dbid",
    "endTime",
    "engineNativeAuditFields",
    "errorMessage",
    "exitCode",
    "logTime",
    "netProtocol",
    "objectName",
    "objectType",
    "paramList",
    "parameterList",
    "pid",
    "remoteHost",
    "remotePort",
    "rowCount",
    "serverHost",
    "serverType",
    "serverVersion",
    "serviceName",
    "sessionId",
    "startTime",
    "statementId",
    "statementText",
    "substatementId",
    "transactionId",
    "type",
    "userName",
    "hostName",
    "applicationName",
    "queryText",
];
