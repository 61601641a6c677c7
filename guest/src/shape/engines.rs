//! Events of all four engines as they come, for the tests of the shapes that follow a schema.

use serde_json::Value;

use crate::{Settings, Transform, Verdict};

/// The documents of the test folder, and fuller ones.
pub(super) const DOCUMENTS: [&str; 9] = [
    include_str!("../../tests/documents/heartbeat.json"),
    include_str!("../../tests/documents/aurora-postgresql.json"),
    include_str!("../../tests/documents/aurora-mysql.json"),
    include_str!("../../tests/documents/rds-oracle.json"),
    include_str!("../../tests/documents/rds-sqlserver.json"),
    POSTGRESQL,
    MYSQL,
    ORACLE,
    SQL_SERVER,
];

pub(super) const POSTGRESQL: &str = r#"{"type":"DatabaseActivityMonitoringRecord","clusterId":"cluster-PG","instanceId":"db-PG","databaseActivityEventList":[
{"logTime":"2021-06-04 02:12:05.649566+00","statementId":4,"substatementId":1,"objectType":"TABLE","command":"SELECT","objectName":"public.city","databaseName":"app","dbUserName":"app","remoteHost":"10.0.1.108","remotePort":"42216","sessionId":"60b98a86.4f64","rowCount":3,"commandText":"SELECT 'secret' FROM public.city","paramList":["secret"],"pid":20324,"clientApplication":"psql","exitCode":null,"class":"READ","serverVersion":"13.4.1","serverType":"PostgreSQL","serviceName":"Amazon Aurora PostgreSQL-Compatible edition","serverHost":"10.0.4.153","netProtocol":"TCP","dbProtocol":"Postgres 3.0","type":"record","startTime":"2021-06-04 02:12:04.649566+00","errorMessage":null},
{"logTime":"2021-06-04 02:12:06+00","statementId":null,"command":"AUTH FAILURE","commandText":null,"class":"MISC","dbUserName":"app","databaseName":"app","remoteHost":"[local]","remotePort":"","exitCode":-1,"errorMessage":"password authentication failed","serverType":"PostgreSQL","paramList":[],"type":"record"},
{"logTime":"2021-06-04 02:12:07+00","command":"GRANT ROLE","class":"ROLE","commandText":"GRANT a TO b","dbUserName":"rdsadmin","serverType":"PostgreSQL","remoteHost":"fe80::1%eth0","exitCode":"28P01","newField":{"a":[1,null]},"type":"record"},
{"logTime":"2021-06-04 02:12:08+00","command":"DISCONNECT","class":"MISC","exitCode":0,"serverType":"PostgreSQL"}]}"#;

pub(super) const MYSQL: &str = r#"{"type":"DatabaseActivityMonitoringRecord","instanceId":"db-MY","databaseActivityEventList":[
{"class":"MAIN","clientApplication":"","command":"QUERY","commandText":"/* app */ \n UPDATE item SET note = 'secret'","databaseName":"shop","dbProtocol":"MySQL","dbUserName":"root","endTime":"2020-05-22 18:07:13.267596+00","errorMessage":"","exitCode":"0","logTime":"2020-05-22 18:07:12.250221+00","netProtocol":"TCP","objectName":"item","objectType":"TABLE","paramList":null,"pid":2830,"remoteHost":"master","remotePort":"4000","rowCount":2,"serverHost":"writer","serverType":"MySQL","serverVersion":"MySQL 5.7.12","serviceName":"Amazon Aurora MySQL","sessionId":"2830","startTime":"2020-05-22 18:07:12.250221+00","statementId":65469218,"substatementId":1,"transactionId":"0","type":"record"},
{"class":"AUX","command":"READ","commandText":"item","databaseName":"shop","dbUserName":"root","exitCode":"","logTime":"2020-05-22 18:07:12.247182+00","objectName":"item","objectType":"TABLE","pid":2830,"remoteHost":null,"serverType":"MySQL","statementId":65469218,"substatementId":2,"type":"record"},
{"class":"MAIN","command":"FAILED_CONNECT","commandText":"","dbUserName":"root","exitCode":"1045","errorMessage":"denied","logTime":"2020-05-22 18:07:12+00","remoteHost":"localhost","remotePort":"99999","serverType":"MySQL","type":"record"},
{"class":"MAIN","command":"CONNECT","commandText":"","databaseName":"","dbUserName":"rdsadmin","exitCode":"0","logTime":"2020-05-22 18:07:12+00","remoteHost":"localhost","serverType":"MySQL","type":"record"}]}"#;

pub(super) const ORACLE: &str = r#"{"type":"DatabaseActivityMonitoringRecord","clusterId":"","instanceId":"db-OR","databaseActivityEventList":[
{"class":"Standard","clientApplication":"sqlplus","command":"SELECT","commandText":"SELECT 'secret' FROM t","databaseName":"ORCL","dbid":"0123456789","dbProtocol":"oracle","dbUserName":"TEST","endTime":null,"errorMessage":null,"exitCode":0,"logTime":"2021-01-15 00:15:36.233787","netProtocol":"tcp","objectName":"T","objectType":"HR","paramList":[":1=secret"],"pid":17904,"remoteHost":"123.456.789.012","remotePort":"25440","rowCount":null,"serverHost":"987.654.321.098","serverType":"oracle","serverVersion":"19.0.0.0.ru-2020-01.rur-2020-01.r1.EE.3","serviceName":"oracle-ee","sessionId":987654321,"startTime":null,"statementId":1,"substatementId":null,"transactionId":"0000000000000000","engineNativeAuditFields":{"OS_USERNAME":"ec2-user","SYSTEM_PRIVILEGE_USED":"CREATE SESSION","ROLE":null}},
{"class":"Standard","command":"GRANT","commandText":"GRANT SELECT ON t TO u","databaseName":"ORCL","dbUserName":"SYS","exitCode":1031,"logTime":"2021-01-15 00:15:37","serverType":"ORACLE","statementId":2,"remoteHost":"host.example.com","engineNativeAuditFields":{"TARGET_USER":"U","OBJECT_PRIVILEGES":"SELECT"}}]}"#;

pub(super) const SQL_SERVER: &str = r#"{"type":"DatabaseActivityMonitoringRecord","clusterId":"","instanceId":"db-MS","databaseActivityEventList":[
{"class":"TABLE","clientApplication":"Microsoft SQL Server Management Studio","command":"SELECT","commandText":"select * from [testDB].[dbo].[TestTable] where a = N'secret'","databaseName":"testDB","dbProtocol":"SQLSERVER","dbUserName":"test","endTime":null,"errorMessage":null,"exitCode":1,"logTime":"2022-10-06 21:24:59.9422268+00","netProtocol":null,"objectName":"TestTable","objectType":"TABLE","paramList":null,"pid":null,"remoteHost":"local machine","remotePort":null,"rowCount":0,"serverHost":"172.31.30.159","serverType":"SQLSERVER","serverVersion":"15.00.4073.23.v1.R1","serviceName":"sqlserver-ee","sessionId":62,"startTime":null,"statementId":"0x03baed90412f564fad640ebe51f89b99","substatementId":1,"transactionId":"4532935","type":"record","engineNativeAuditFields":{"schema_name":"dbo","is_column_permission":true,"duration_milliseconds":12,"additional_information":"<a>secret</a>"}},
{"class":"LOGIN","command":"LOGIN FAILED","commandText":"Login failed for user 'x'.","exitCode":0,"logTime":"2022-10-06 21:25:00.1+00","remoteHost":"::1","serverType":"SQLSERVER","dbUserName":"","type":"record"}]}"#;

/// The lines of a document.
pub(super) fn lines(settings: Value, document: &str) -> Vec<Value> {
    let mut transform = Transform::open(Settings::from_value(settings).unwrap()).unwrap();
    let record = format!(
        r#"{{"type":"DatabaseActivityMonitoringRecords","version":"1.4","databaseActivityEvents":{document}}}"#
    );
    let mut keys = |_: &crate::KeyRequest| -> Result<Vec<u8>, crate::KeyError> { panic!("nothing is encrypted") };
    let verdicts = transform.decode(&[record], None, &mut keys);
    let [Verdict::Decoded(decoded)] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    let lines = decoded.outputs.iter().flat_map(|output| output.lines.lines());
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// No value anywhere is `null`, outside what is passed on as it came.
pub(super) fn check_no_nulls(value: &Value, free: &[&str]) {
    match value {
        Value::Null => panic!("null"),
        Value::Array(list) => list.iter().for_each(|value| check_no_nulls(value, free)),
        Value::Object(members) => {
            members
                .iter()
                .filter(|(name, _)| !free.contains(&name.as_str()))
                .for_each(|(_, v)| check_no_nulls(v, free));
        }
        _ => {}
    }
}
