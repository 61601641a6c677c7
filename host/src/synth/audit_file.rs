//! SQL Server's `engineNativeAuditFields`: the columns of the audit file that have no field of their own
//! (das-format, section 7).

use super::dice::Dice;
use super::instance::Server;
use super::session::{Activity, Session};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The native fields of one event.
pub(super) struct AuditFile<'a> {
    server: &'a Server,
    session: &'a Session,
    connection: String,
    milliseconds: u64,
    /// The object that was touched.
    pub(super) object: Option<&'static str>,
    /// The permission was asked for columns, not for the object.
    pub(super) column_permission: bool,
    /// The login was refused.
    pub(super) refused: bool,
}

impl<'a> AuditFile<'a> {
    pub(super) fn new(server: &'a Server, activity: &Activity<'a>, dice: &mut Dice) -> Self {
        let connection = dice.uuid().to_uppercase();
        let milliseconds = activity.end.milliseconds() - activity.start.milliseconds();
        let session = activity.session;
        Self { server, session, connection, milliseconds, object: None, column_permission: false, refused: false }
    }

    /// The XML with which a refused login is explained.
    fn information(&self) -> String {
        if !self.refused {
            return String::new();
        }
        format!(
            "<action_info xmlns=\"http://schemas.microsoft.com/sqlserver/2008/sqlaudit_data\"><pooled_connection>0\
             </pooled_connection><error>0x00004818</error><state>8</state><address>{}</address></action_info>",
            self.session.host
        )
    }
}

impl Serialize for AuditFile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { server, session, .. } = self;
        let host = format!("EC2AMAZ-{:07X}", session.number);
        let columns: [(&str, Value); 24] = [
            ("target_database_principal_id", json!(0)),
            ("target_server_principal_id", json!(0)),
            ("target_database_principal_name", json!("")),
            ("server_principal_id", json!(if self.refused { 0 } else { session.number % 300 + 2 })),
            ("user_defined_information", json!("")),
            ("response_rows", json!(0)),
            ("database_principal_name", json!(if self.object.is_some() { "dbo" } else { "" })),
            ("target_server_principal_name", json!("")),
            ("schema_name", json!(if self.object.is_some() { "dbo" } else { "" })),
            ("is_column_permission", json!(self.column_permission)),
            ("object_id", json!(self.object.map_or(0, |name| 581_577_000 + name.len()))),
            ("server_instance_name", json!(format!("EC2AMAZ-{}", server.name.to_uppercase()))),
            ("target_server_principal_sid", Value::Null),
            ("additional_information", json!(self.information())),
            ("duration_milliseconds", json!(self.milliseconds)),
            ("permission_bitmask", json!(format!("0x{:032x}", u32::from(self.column_permission)))),
            ("data_sensitivity_information", json!("")),
            ("session_server_principal_name", json!(session.user.name)),
            ("connection_id", json!(self.connection)),
            ("audit_schema_version", json!(1)),
            ("database_principal_id", json!(u32::from(self.object.is_some()))),
            ("server_principal_sid", json!(format!("0x0105000000000005150000{:032x}", session.number))),
            ("user_defined_event_id", json!(0)),
            ("host_name", json!(host)),
        ];
        serializer.collect_map(columns)
    }
}
