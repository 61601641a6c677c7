//! Where events go: templates, values in paths, several outputs, too many of them.

use serde_json::{Value, json};

use super::{decode, keys, open, record};

/// The route that this template gives the event.
fn route(template: &str, event: &Value) -> String {
    let settings = json!({ "rules": [{ "keep": { "class|exists": true }, "route": template }] });
    decode(&mut open(settings), &record(std::slice::from_ref(event))).outputs[0].route.clone()
}

#[test]
fn templates_take_values_of_the_event() {
    let event = json!({
        "class": "DDL", "command": "CREATE TABLE", "logTime": "2022-03-27 13:05:16.607273+00", "pid": 42, "b": true,
        "serverType": "PostgreSQL", "exitCode": null, "n": null, "l": ["x"], "o": { "x": "in" }, "e": "",
        "startTime": "2022-03-27 13:05:15.607273+00",
    });
    for (template, expected) in [
        ("ddl", "ddl"),
        ("a/b c", "a/b c"),
        ("{class}", "DDL"),
        ("{class}/{command}", "DDL/CREATE_TABLE"),
        ("x-{pid}-{b}", "x-42-true"),
        ("{o.x}", "in"),
        ("{yyyy}/{mm}/{dd}/{hh}", "2022/03/27/13"),
        ("{outcome}/{durationMs}", "success/1000"),
        ("{time}", "2022-03-27T13_05_16.607273Z"),
        ("{missing}/{n}/{l}/{o}/{e}", "none/none/none/none/none"),
        ("{{{class}}}", "{DDL}"),
        ("{class}{class}", "DDLDDL"),
    ] {
        assert_eq!(route(template, &event), expected, "{template}");
    }
    let later = json!({ "class": "x", "logTime": "2022-12-31 23:30:00-02:00" });
    assert_eq!(route("{yyyy}-{mm}-{dd}-{hh}", &later), "2023-01-01-01");
    let never = json!({ "class": "x", "logTime": "yesterday" });
    assert_eq!(route("{yyyy}-{mm}-{dd}-{hh}", &never), "none-none-none-none");
}

#[test]
fn values_cannot_leave_their_step_of_the_path() {
    for (value, expected) in [
        ("a/b", "a_b"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("..", "_."),
        (".", "_"),
        ("a\\b", "a_b"),
        ("a\nb\u{0}\u{7f}\u{85}", "a_b___"),
        ("a b:c*d?e\"f<g>h|i", "a_b_c_d_e_f_g_h_i"),
        ("Größe-1_2.3", "Größe-1_2.3"),
        ("{class}", "_class_"),
        ("%2e%2e", "_2e_2e"),
        ("😀", "_"),
    ] {
        let event = json!({ "class": value });
        assert_eq!(route("{class}", &event), expected);
        assert_eq!(route("x/{class}/y", &event), format!("x/{expected}/y"));
    }
    let long = json!({ "class": "é".repeat(1000) });
    assert_eq!(route("{class}", &long), "é".repeat(64));
}

#[test]
fn one_record_gives_several_outputs() {
    let events: Vec<Value> =
        [("b", 0), ("a", 1), ("x", 2), ("b", 3), ("a", 4)].map(|(class, n)| json!({ "class": class, "n": n })).into();
    let rules = json!([{ "keep": { "class": ["a", "b"] }, "route": "to-{class}" }]);
    let mut transform = open(json!({ "rules": rules }));
    let decoded = decode(&mut transform, &record(&events));
    let said: Vec<(&str, u32, usize)> = decoded
        .outputs
        .iter()
        .map(|output| (output.route.as_str(), output.events, output.lines.lines().count()))
        .collect();
    assert_eq!(said, [("to-b", 2, 2), ("to-a", 2, 2), ("default", 1, 1)]);
    assert!(decoded.outputs[0].lines.lines().next().unwrap().ends_with(r#""class":"b","n":0}"#));
    assert!(decoded.outputs[0].lines.lines().nth(1).unwrap().ends_with(r#""class":"b","n":3}"#));

    // A batch joins them by route, in the order in which the routes first appear.
    let other = record(&[json!({ "class": "x", "n": 9 }), json!({ "class": "a", "n": 8 })]);
    let merged = transform.decode_merged(&[&other, &record(&events), &other], None, &mut keys);
    let said: Vec<(&str, u32)> = merged.outputs.iter().map(|output| (output.route.as_str(), output.events)).collect();
    assert_eq!(said, [("default", 3), ("to-a", 4), ("to-b", 2)]);
    for output in &merged.outputs {
        assert_eq!(output.lines.lines().count(), output.events as usize);
    }
}

#[test]
fn envelopes_are_split_by_route() {
    let settings = json!({
        "shape": "envelope",
        "rules": [{ "keep": { "class": "a" }, "route": "a" }, { "drop": { "class": "b" } }],
    });
    let events = [("c", 0), ("a", 1), ("b", 2), ("c", 3)].map(|(class, n)| json!({ "class": class, "n": n }));
    let decoded = decode(&mut open(settings.clone()), &record(&events));
    let said: Vec<(&str, &str)> =
        decoded.outputs.iter().map(|output| (output.route.as_str(), output.lines.as_str())).collect();
    let document =
        |list: &str| format!("{{\"clusterId\":\"c\",\"instanceId\":\"i\",\"databaseActivityEventList\":[{list}]}}\n");
    assert_eq!(
        said,
        [
            ("default", &*document(r#"{"class":"c","n":0},{"class":"c","n":3}"#)),
            ("a", &*document(r#"{"class":"a","n":1}"#)),
        ]
    );
    // All of one route: the document as it was.
    let decoded = decode(&mut open(settings), &record(&[json!({ "class": "a" })]));
    assert_eq!(decoded.outputs[0].lines, document(r#"{"class":"a"}"#));
    assert_eq!(decoded.outputs[0].route, "a");
}

#[test]
fn too_many_routes_overflow_and_nothing_is_lost() {
    let mut transform = open(json!({ "rules": [{ "keep": { "n|gte": 0 }, "route": "{n}" }] }));
    let events: Vec<Value> = (0..1000).map(|n| json!({ "n": n })).collect();
    let merged = transform.decode_merged(&[record(&events), record(&events)], None, &mut keys);
    assert_eq!((merged.kept, merged.outputs.len()), (2000, 257));
    assert_eq!(merged.outputs.iter().map(|output| output.events).sum::<u32>(), 2000);
    assert_eq!(merged.outputs.last().map(|output| (output.route.as_str(), output.events)), Some(("overflow", 1488)));
    let counts = transform.counts();
    assert_eq!(counts.iter().find(|count| count.name == "routed.overflow").map(|count| count.value), Some(1488));
}

#[test]
fn a_record_that_fails_leaves_no_route_behind() {
    let mut transform = open(json!({ "rules": [{ "keep": { "n|gte": 0 }, "route": "{n}" }] }));
    let good = record(&[json!({ "n": 1 })]);
    let bad = r#"{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{"databaseActivityEventList":[{"n":7},3]}}"#;
    let merged = transform.decode_merged(&[bad, &good], None, &mut keys);
    assert_eq!((merged.outputs.len(), merged.failures.len()), (1, 1));
    assert_eq!(merged.outputs[0].route, "1");
}
