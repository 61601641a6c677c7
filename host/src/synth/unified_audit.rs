//! Oracle's `engineNativeAuditFields`: the columns of UNIFIED_AUDIT_TRAIL that have no field of their own
//! (das-format, section 7). Most of them are null most of the time.

use super::session::{Role, Session};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The native fields of one event.
pub(super) struct UnifiedAudit<'a> {
    pub(super) session: &'a Session,
    /// The entry in the audit trail.
    pub(super) entry: u32,
    /// The system change number.
    pub(super) change: u32,
    /// The event's class and command, once they are known.
    pub(super) event: Option<(&'static str, &'static str)>,
}

impl Serialize for UnifiedAudit<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(COLUMNS.iter().map(|column| (column, self.value(column))))
    }
}

impl UnifiedAudit<'_> {
    fn value(&self, column: &str) -> Value {
        let (class, command) = self.event.unwrap_or_default();
        let session = self.session;
        match column {
            "UNIFIED_AUDIT_POLICIES" if class == "Standard" => json!("ORA_SECURECONFIG, SHOP_EVERYTHING"),
            "FGA_POLICY_NAME" if class == "FineGrainedAudit" => json!("WATCH_CARDS"),
            "SYSTEM_PRIVILEGE_USED" => match command {
                "LOGON" => json!("CREATE SESSION"),
                "CREATE USER" | "ALTER USER" | "CREATE TABLE" | "DROP TABLE" => json!(command.replace(' ', " ANY ")),
                _ => Value::Null,
            },
            "OBJECT_PRIVILEGES" if matches!(command, "GRANT" | "REVOKE") => json!("SELECT, INSERT"),
            "TARGET_USER" if command.ends_with(" USER") => json!("REPORTING"),
            "AUTHENTICATION_TYPE" if session.user.name == "RDSADMIN" => json!("(TYPE=(OS));"),
            "AUTHENTICATION_TYPE" => json!(format!(
                "(TYPE=(DATABASE));(CLIENT ADDRESS=((ADDRESS=(PROTOCOL=tcp)(HOST={})(PORT={}))));",
                session.host, session.port
            )),
            "CURRENT_USER" => json!(session.user.name),
            "CLIENT_IDENTIFIER" if session.user.role == Role::Service => json!("shop & crm <web>"),
            "DBPROXY_USERNAME" | "XS_USER_NAME" if class == "XS" => json!("APEX_PUBLIC_USER"),
            "DV_RETURN_CODE" if class == "Database Vault" => json!(0),
            "DV_RULE_SET_NAME" if class == "Database Vault" => json!("Working Hours"),
            "OLS_POLICY_NAME" if class == "Label Security" => json!("HR_LABELS"),
            "RMAN_OPERATION" if class == "RMAN_AUDIT" => json!("Backup"),
            "RMAN_DEVICE_TYPE" if class == "RMAN_AUDIT" => json!("Disk"),
            "DP_TEXT_PARAMETERS1" if class == "Datapump" => {
                json!("MASTER TABLE: \"SHOP\".\"SYS_IMPORT_01\", PARALLEL: 4")
            }
            "DP_BOOLEAN_PARAMETERS1" if class == "Datapump" => json!("MASTER_ONLY: FALSE, DATA_ONLY: TRUE"),
            "DIRECT_PATH_NUM_COLUMNS_LOADED" if class == "Direct path API" => json!(4),
            "USERHOST" => json!(session.host),
            "TERMINAL" => json!("unknown"),
            "OS_USERNAME" => json!(if session.user.role == Role::System { "rdsdb" } else { "jürgen" }),
            "INSTANCE_ID" => json!(1),
            "PROXY_SESSIONID" => json!(0),
            "ENTRY_ID" => json!(self.entry),
            "SCN" => json!(self.change),
            _ => Value::Null,
        }
    }
}

/// The columns, in the order in which they come.
const COLUMNS: [&str; 80] = [
    "UNIFIED_AUDIT_POLICIES",
    "FGA_POLICY_NAME",
    "DV_OBJECT_STATUS",
    "SYSTEM_PRIVILEGE_USED",
    "OLS_LABEL_COMPONENT_TYPE",
    "XS_SESSIONID",
    "ADDITIONAL_INFO",
    "INSTANCE_ID",
    "DV_COMMENT",
    "RMAN_SESSION_STAMP",
    "NEW_NAME",
    "DV_ACTION_NAME",
    "OLS_PROGRAM_UNIT_NAME",
    "OLS_STRING_LABEL",
    "RMAN_SESSION_RECID",
    "OBJECT_PRIVILEGES",
    "OLS_OLD_VALUE",
    "XS_TARGET_PRINCIPAL_NAME",
    "XS_NS_ATTRIBUTE",
    "XS_NS_NAME",
    "DBLINK_INFO",
    "AUTHENTICATION_TYPE",
    "OBJECT_EDITION",
    "OLS_PRIVILEGES_GRANTED",
    "EXCLUDED_USER",
    "DV_ACTION_OBJECT_NAME",
    "OLS_LABEL_COMPONENT_NAME",
    "EXCLUDED_SCHEMA",
    "DP_TEXT_PARAMETERS1",
    "XS_USER_NAME",
    "XS_ENABLED_ROLE",
    "XS_NS_ATTRIBUTE_NEW_VAL",
    "DIRECT_PATH_NUM_COLUMNS_LOADED",
    "AUDIT_OPTION",
    "DV_EXTENDED_ACTION_CODE",
    "XS_PACKAGE_NAME",
    "OLS_NEW_VALUE",
    "DV_RETURN_CODE",
    "XS_CALLBACK_EVENT_TYPE",
    "USERHOST",
    "GLOBAL_USERID",
    "CLIENT_IDENTIFIER",
    "RMAN_OPERATION",
    "TERMINAL",
    "OS_USERNAME",
    "OLS_MAX_READ_LABEL",
    "XS_PROXY_USER_NAME",
    "XS_DATASEC_POLICY_NAME",
    "DV_FACTOR_CONTEXT",
    "OLS_MAX_WRITE_LABEL",
    "OLS_PARENT_GROUP_NAME",
    "EXCLUDED_OBJECT",
    "DV_RULE_SET_NAME",
    "EXTERNAL_USERID",
    "EXECUTION_ID",
    "ROLE",
    "PROXY_SESSIONID",
    "DP_BOOLEAN_PARAMETERS1",
    "OLS_POLICY_NAME",
    "OLS_GRANTEE",
    "OLS_MIN_WRITE_LABEL",
    "APPLICATION_CONTEXTS",
    "XS_SCHEMA_NAME",
    "DV_GRANTEE",
    "XS_COOKIE",
    "DBPROXY_USERNAME",
    "DV_ACTION_CODE",
    "OLS_PRIVILEGES_USED",
    "RMAN_DEVICE_TYPE",
    "XS_NS_ATTRIBUTE_OLD_VAL",
    "TARGET_USER",
    "XS_ENTITY_TYPE",
    "ENTRY_ID",
    "XS_PROCEDURE_NAME",
    "XS_INACTIVITY_TIMEOUT",
    "RMAN_OBJECT_TYPE",
    "SYSTEM_PRIVILEGE",
    "NEW_SCHEMA",
    "CURRENT_USER",
    "SCN",
];
