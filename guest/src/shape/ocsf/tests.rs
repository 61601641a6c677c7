//! Lines of the schema: what each engine's events become, and what the schema demands of every line.

use serde_json::{Value, json};

use crate::shape::engines::{DOCUMENTS, MYSQL, ORACLE, POSTGRESQL, SQL_SERVER, check_no_nulls, lines};

fn ocsf(document: &str) -> Vec<Value> {
    lines(json!({ "shape": "ocsf" }), document)
}

/// What `event` has at these places.
fn check(event: &Value, expected: &[(&str, Value)]) {
    for (path, value) in expected {
        assert_eq!(event.pointer(path).unwrap_or(&Value::Null), value, "{path} of {event:#}");
    }
}

/// What the schema demands, in short. The published JSON schema says all of it: `tests/peer/ocsf_validate.py`.
fn check_line(event: &Value) {
    check_no_nulls(event, &["unmapped"]);
    let class = event["class_uid"].as_u64().unwrap();
    assert_eq!(event["category_uid"].as_u64().unwrap(), class / 1000);
    assert_eq!(event["type_uid"].as_u64().unwrap(), class * 100 + event["activity_id"].as_u64().unwrap());
    assert!(event["time"].is_i64() && (1..=5).contains(&event["severity_id"].as_u64().unwrap()));
    let one_of = |value: &Value, names: &[&str]| names.iter().any(|name| value[*name].is_string());
    assert_eq!(event["metadata"]["version"], "1.8.0");
    assert!(one_of(&event["metadata"]["product"], &["name", "uid"]));
    assert!(one_of(&event["src_endpoint"], &["ip", "hostname", "name"]), "{event:#}");
    assert!(event["actor"]["user"]["name"].is_string());
    if let Some(port) = event.pointer("/src_endpoint/port") {
        assert!(port.as_u64().unwrap() <= 65_535);
    }
    for code in ["/status_code", "/status_detail", "/metadata/uid", "/metadata/original_time", "/actor/session/uid"] {
        assert!(event.pointer(code).is_none_or(Value::is_string), "{code}");
    }
    match class {
        6005 => {
            assert!(one_of(&event["database"], &["name", "uid"]) && event["database"]["type_id"] == 1);
            if let Some(query) = event.get("query_info") {
                assert!(query["query_string"].is_string() && query["uid"].is_string());
            }
        }
        3002 => assert!(event["user"]["name"].is_string() && event["dst_endpoint"].is_object()),
        3005 => assert!(event["user"]["name"].is_string() && event["privileges"].is_array()),
        other => panic!("class {other}"),
    }
}

#[test]
fn every_line_has_what_the_schema_demands() {
    for document in DOCUMENTS {
        for settings in [
            json!({ "shape": "ocsf", "heartbeats": "keep" }),
            json!({ "shape": "ocsf", "heartbeats": "keep", "raw": true, "redact": "sql", "ocsf": { "iam": true } }),
        ] {
            let found = lines(settings, document);
            assert!(!found.is_empty());
            found.iter().for_each(check_line);
        }
    }
}

#[test]
fn postgresql() {
    let events = ocsf(POSTGRESQL);
    check(
        &events[0],
        &[
            ("/class_uid", json!(6005)),
            ("/activity_id", json!(4)),
            ("/activity_name", json!("Query")),
            ("/time", json!(1_622_772_725_649_u64)),
            ("/start_time", json!(1_622_772_724_649_u64)),
            ("/duration", json!(1000)),
            ("/status_id", json!(1)),
            ("/actor/user", json!({ "name": "app", "type_id": 1 })),
            ("/actor/app_name", json!("psql")),
            ("/actor/session/uid", json!("60b98a86.4f64")),
            ("/src_endpoint", json!({ "ip": "10.0.1.108", "port": 42216 })),
            ("/dst_endpoint/ip", json!("10.0.4.153")),
            ("/dst_endpoint/instance_uid", json!("db-PG")),
            (
                "/database",
                json!({ "name": "app", "type_id": 1, "type": "PostgreSQL", "groups": [{ "uid": "cluster-PG" }] }),
            ),
            ("/table", json!({ "name": "public.city" })),
            ("/type_id", json!(3)),
            ("/query_info/query_string", json!("SELECT 'secret' FROM public.city")),
            ("/query_info/uid", json!("4")),
            ("/query_info/query_time", json!(1_622_772_724_649_u64)),
            ("/metadata/log_version", json!("1.4")),
            ("/metadata/correlation_uid", json!("db-PG-20324-4")),
            ("/metadata/sequence", json!(1)),
            ("/metadata/product/feature/name", json!("Amazon Aurora PostgreSQL-Compatible edition")),
            ("/unmapped/rowCount", json!(3)),
            ("/unmapped/paramList", json!(["secret"])),
            ("/observables/0/value", json!("10.0.1.108")),
            ("/raw_data", Value::Null),
        ],
    );
    check(
        &events[1],
        &[
            ("/activity_id", json!(3)),
            ("/status_id", json!(2)),
            ("/status_code", json!("-1")),
            ("/status_detail", json!("password authentication failed")),
            ("/src_endpoint", json!({ "name": "[local]" })),
            ("/query_info", Value::Null),
        ],
    );
    check(
        &events[2],
        &[
            ("/activity_id", json!(99)),
            ("/activity_name", json!("GRANT ROLE")),
            ("/type_uid", json!(600_599)),
            ("/actor/user/type_id", json!(3)),
            ("/src_endpoint/ip", json!("fe80::1%eth0")),
            ("/unmapped/newField", json!({ "a": [1, null] })),
            ("/database/name", json!("unknown")),
        ],
    );
    check(&events[3], &[("/activity_name", json!("DISCONNECT")), ("/status_id", json!(1))]);
}

#[test]
fn mysql() {
    let events = ocsf(MYSQL);
    check(
        &events[0],
        &[
            ("/activity_id", json!(2)),
            ("/src_endpoint", json!({ "hostname": "master", "port": 4000 })),
            ("/dst_endpoint/name", json!("writer")),
            ("/duration", json!(1017)),
            ("/status_code", json!("0")),
        ],
    );
    // The twin: a read without a statement, joined by the same id.
    check(
        &events[1],
        &[
            ("/activity_id", json!(1)),
            ("/status_id", json!(0)),
            ("/query_info", Value::Null),
            ("/unmapped/commandText", json!("item")),
            ("/src_endpoint", json!({ "name": "unknown" })),
            ("/metadata/correlation_uid", events[0]["metadata"]["correlation_uid"].clone()),
        ],
    );
    check(&events[2], &[("/activity_id", json!(3)), ("/status_id", json!(2)), ("/src_endpoint/port", Value::Null)]);
    check(&events[3], &[("/activity_id", json!(3)), ("/actor/user/type_id", json!(3))]);
}

#[test]
fn oracle() {
    let events = ocsf(ORACLE);
    check(
        &events[0],
        &[
            ("/activity_id", json!(4)),
            ("/time", json!(1_610_669_736_233_u64)),
            ("/table/name", json!("HR.T")),
            ("/database/uid", json!("0123456789")),
            ("/database/groups", Value::Null),
            // Octets of more than 255 are no address.
            ("/src_endpoint/hostname", json!("123.456.789.012")),
            ("/unmapped/engineNativeAuditFields/ROLE", Value::Null),
        ],
    );
    check(&events[1], &[("/activity_name", json!("GRANT")), ("/status_id", json!(2)), ("/status_code", json!("1031"))]);
}

#[test]
fn sql_server_is_the_other_way_round() {
    let events = ocsf(SQL_SERVER);
    check(
        &events[0],
        &[
            ("/status_id", json!(1)),
            ("/status_code", json!("1")),
            ("/duration", json!(12)),
            ("/table/name", json!("dbo.TestTable")),
            ("/query_info/uid", json!("0x03baed90412f564fad640ebe51f89b99")),
            ("/src_endpoint", json!({ "name": "local machine" })),
        ],
    );
    check(&events[1], &[("/activity_id", json!(3)), ("/status_id", json!(2)), ("/actor/user/name", json!("unknown"))]);
}

#[test]
fn identities_have_classes_of_their_own_when_asked_for() {
    let iam = |document: &str| lines(json!({ "shape": "ocsf", "ocsf": { "iam": true } }), document);
    let events = iam(POSTGRESQL);
    check(&events[1], &[("/type_uid", json!(300_201)), ("/user/name", json!("app")), ("/database", Value::Null)]);
    // Who was granted what stands in the statement alone.
    check(&events[2], &[("/class_uid", json!(6005))]);
    check(&events[3], &[("/type_uid", json!(300_202)), ("/user/name", json!("unknown"))]);
    let grant = &iam(ORACLE)[1];
    check(
        grant,
        &[
            ("/type_uid", json!(300_501)),
            ("/user/name", json!("U")),
            ("/privileges", json!(["SELECT"])),
            ("/actor/user/name", json!("SYS")),
            ("/unmapped/commandText", json!("GRANT SELECT ON t TO u")),
        ],
    );
}

#[test]
fn nothing_redacted_comes_back() {
    for document in [POSTGRESQL, MYSQL, ORACLE, SQL_SERVER] {
        let settings = json!({ "shape": "ocsf", "raw": true, "redact": "sql" });
        for event in lines(settings, document) {
            assert!(!event.to_string().contains("secret"), "{event:#}");
            let raw = event["raw_data"].as_str().unwrap();
            assert_eq!(event["raw_data_size"], raw.len());
            serde_json::from_str::<Value>(raw).unwrap();
        }
    }
    let query = &lines(json!({ "shape": "ocsf", "redact": "sql" }), MYSQL)[0];
    check(query, &[("/query_info/query_string", json!("? \n UPDATE item SET note = ?")), ("/activity_id", json!(2))]);
}

#[test]
fn a_sigma_rule_raises_the_severity() {
    let rule = json!({
        "title": "Reads", "level": "high", "tags": ["attack.collection"],
        "logsource": { "product": "aws", "service": "rds_das" },
        "detection": { "selection": { "class": "READ" }, "condition": "selection" },
    });
    let events = lines(json!({ "shape": "ocsf", "rules": [{ "sigma": [rule] }] }), POSTGRESQL);
    check(&events[0], &[("/severity_id", json!(4)), ("/unmapped/sigma/title", json!("Reads"))]);
    check(&events[1], &[("/severity_id", json!(1))]);
}

#[test]
fn odd_values_make_sound_lines() {
    let odd = [
        "null",
        r#""""#,
        "-1.5e3",
        "true",
        "[]",
        r#"[1,{"a":null}]"#,
        r#"{"a":1}"#,
        r#""x\u0000\n\"""#,
        r#""99999999999999999999""#,
        r#""SELECT 1""#,
        r#""::1""#,
        r#""2020-01-01 00:00:00""#,
        r#""fe80::1%é""#,
    ];
    let names = [
        "class",
        "clientApplication",
        "command",
        "commandText",
        "databaseName",
        "dbProtocol",
        "dbUserName",
        "dbid",
        "endTime",
        "errorMessage",
        "exitCode",
        "logTime",
        "engineNativeAuditFields",
        "netProtocol",
        "objectName",
        "objectType",
        "paramList",
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
        "substatementId",
        "transactionId",
        "type",
        "other",
    ];
    for (name, value) in names.iter().flat_map(|name| odd.iter().map(move |value| (name, value))) {
        let event = |engine: &str| {
            format!(
                r#"{{"class":"TABLE","objectName":"o","serverType":"{engine}","commandText":"SELECT 1","{name}":{value}}}"#
            )
        };
        let events = ["PostgreSQL", "MySQL", "oracle", "SQLSERVER"].map(event).join(",");
        let document =
            format!(r#"{{"clusterId":{value},"instanceId":{value},"databaseActivityEventList":[{events}]}}"#);
        ocsf(&document).iter().for_each(check_line);
        for event in lines(json!({ "shape": "ecs", "raw": true }), &document) {
            check_no_nulls(&event, &["native", "parameters"]);
        }
    }
    // Of equal names the last counts; one that a place is taken by is left out.
    let twice = r#"{"databaseActivityEventList":[{"a":1,"\u0061":2,"pid":4,"pid":5}]}"#;
    assert_eq!(ocsf(twice)[0]["unmapped"], json!({ "pid": 5, "a": 2 }));
}
