//! `condition`, case by case, and against a truth table.

use serde_json::{Value, json};

use super::detects;

/// Three selections that hold as these say.
fn detection(condition: Value) -> Value {
    json!({ "sel_a": { "a": 1 }, "sel_b": { "b": 1 }, "filter": { "c": 1 }, "_hidden": { "h": 1 }, "condition": condition })
}

#[test]
fn conditions_hold_as_written() {
    type Truth = fn(bool, bool, bool) -> bool;
    let cases: &[(Value, Truth)] = &[
        (json!("sel_a"), |a, _, _| a),
        (json!("not sel_a"), |a, _, _| !a),
        (json!("not not sel_a"), |a, _, _| a),
        (json!("sel_a and sel_b"), |a, b, _| a && b),
        (json!("sel_a or sel_b"), |a, b, _| a || b),
        (json!("sel_a or sel_b and filter"), |a, b, c| a || b && c),
        (json!("(sel_a or sel_b) and filter"), |a, b, c| (a || b) && c),
        (json!("(sel_a or sel_b)and(filter)"), |a, b, c| (a || b) && c),
        (json!("sel_a and not filter"), |a, _, c| a && !c),
        (json!("not sel_a and sel_b"), |a, b, _| !a && b),
        (json!("not (sel_a and sel_b)"), |a, b, _| !(a && b)),
        (json!("sel_a AND NOT filter OR sel_b"), |a, b, c| a && !c || b),
        (json!("1 of sel_*"), |a, b, _| a || b),
        (json!("all of sel_*"), |a, b, _| a && b),
        (json!("any of sel*"), |a, b, _| a || b),
        (json!("1 of *_a"), |a, _, _| a),
        (json!("1 of s*l*b"), |_, b, _| b),
        (json!("all of them"), |a, b, c| a && b && c),
        (json!("1 of them"), |a, b, c| a || b || c),
        (json!("1 of sel_* and not filter"), |a, b, c| (a || b) && !c),
        (json!("not 1 of sel_*"), |a, b, _| !(a || b)),
        (json!("all of sel_* or filter"), |a, b, c| a && b || c),
        (json!("  sel_a\n and\tsel_b "), |a, b, _| a && b),
        (json!(["sel_a and sel_b", "filter"]), |a, b, c| a && b || c),
        (json!(["sel_a"]), |a, _, _| a),
        (json!("sel_a or sel_a and sel_a"), |a, _, _| a),
        (json!("sel_a and not _hidden"), |a, _, _| a),
        (json!("1 of _h*"), |_, _, _| false),
    ];
    for (condition, truth) in cases {
        for bits in 0..8u8 {
            let [a, b, c] = [bits & 1, bits >> 1 & 1, bits >> 2 & 1];
            let event = json!({ "a": a, "b": b, "c": c });
            let expected = truth(a == 1, b == 1, c == 1);
            assert_eq!(detects(&detection(condition.clone()), &event), expected, "{condition} on {event}");
        }
    }
}

#[test]
fn the_deepest_condition_fits() {
    let condition = format!("{}sel_a{}", "(".repeat(64), ")".repeat(64));
    assert!(detects(&detection(json!(condition)), &json!({ "a": 1 })));
    let wide = vec!["sel_a"; 1500].join(" and ");
    assert!(detects(&detection(json!(wide)), &json!({ "a": 1 })));
}

#[test]
fn selections_of_every_form() {
    let event = json!({ "class": "DDL", "commandText": "drop table t", "n": 3 });
    for (selection, expected) in [
        (json!({ "class": "DDL", "n": 3 }), true),
        (json!({ "class": "DDL", "n": 4 }), false),
        (json!([{ "class": "READ" }, { "n": 3 }]), true),
        (json!([{ "class": "READ" }, { "n": 4 }]), false),
        (json!(["drop", "truncate"]), true),
        (json!("drop"), true),
    ] {
        let detection = json!({ "s": selection, "condition": "s" });
        assert_eq!(detects(&detection, &event), expected, "{detection}");
    }
}
