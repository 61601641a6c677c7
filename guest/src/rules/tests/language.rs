//! Modifiers, wildcards and types, case by case.

use serde_json::{Value, json};

use super::matches;

/// Events with a field `f`: which of these values match.
#[track_caller]
fn check(selection: Value, yes: &[Value], no: &[Value]) {
    for (values, expected) in [(yes, true), (no, false)] {
        for value in values {
            let event = json!({ "a": "x", "f": value, "type": "record" });
            assert_eq!(matches(&selection, &event), expected, "{selection} on {event}");
        }
    }
}

#[test]
fn plain_texts_ignore_case() {
    check(
        json!({ "f": "Select" }),
        &[json!("select"), json!("SELECT"), json!("sElEcT")],
        &[json!("selec"), json!("selects"), json!(" select"), json!(""), json!(null), json!({}), json!([]), json!(1)],
    );
    check(json!({ "f": "ÄÖÜß Σ" }), &[json!("äöüß σ"), json!("ÄÖÜß Σ")], &[json!("aou")]);
    check(json!({ "f": "\u{212A}" }), &[json!("k"), json!("K")], &[json!("kk")]);
    check(json!({ "f": "İ" }), &[json!("İ")], &[json!("i"), json!("I")]);
    check(json!({ "f": "a\"\\\n\u{e9}" }), &[json!("A\"\\\nÉ")], &[json!("a\"\\\\\né")]);
    check(json!({ "f": "" }), &[json!("")], &[json!(null), json!(" "), json!(0)]);
}

#[test]
fn field_names_do_not_ignore_case() {
    assert!(!matches(&json!({ "F": "x" }), &json!({ "f": "x" })));
    assert!(matches(&json!({ "F": "x" }), &json!({ "f": "y", "F": "x" })));
}

#[test]
fn numbers_booleans_and_null() {
    check(
        json!({ "f": 5432 }),
        &[json!(5432), json!("5432"), json!(5432.0), json!("05432"), json!("5432.0")],
        &[json!(5433), json!("5432a"), json!(""), json!(null), json!("5.432e3"), json!(true), json!("+5432")],
    );
    check(json!({ "f": "5432" }), &[json!(5432), json!("5432")], &[json!(5432.0), json!("05432")]);
    check(json!({ "f": -1 }), &[json!(-1), json!("-1")], &[json!(1), json!("--1"), json!("-")]);
    check(json!({ "f": 1.5 }), &[json!(1.5), json!("1.50")], &[json!(1), json!("1.5."), json!("1,5")]);
    check(json!({ "f": 100000 }), &[json!(1e5), json!(100000)], &[json!("1e5")]);
    // Beyond what a double can tell apart.
    check(json!({ "f": 9007199254740993u64 }), &[json!(9007199254740993u64)], &[json!(9007199254740992u64)]);
    check(json!({ "f": true }), &[json!(true), json!("True")], &[json!(false), json!(1), json!(null)]);
    check(json!({ "f": "false" }), &[json!(false), json!("FALSE")], &[json!(true), json!(0)]);
    check(
        json!({ "f": null }),
        &[json!(null)],
        &[json!(""), json!("null"), json!(0), json!(false), json!([]), json!({})],
    );
    assert!(matches(&json!({ "f": null }), &json!({ "g": 1 })));
    check(json!({ "f": [null, "", "x"] }), &[json!(null), json!(""), json!("X")], &[json!("y"), json!(0)]);
    check(json!({ "f": [0, "x"] }), &[json!(0), json!("0"), json!("x")], &[json!(1), json!(null)]);
}

#[test]
fn wildcards_and_escapes() {
    check(json!({ "f": "*" }), &[json!(""), json!("x"), json!(1), json!(true)], &[json!(null), json!({})]);
    check(json!({ "f": "a*" }), &[json!("a"), json!("Abc")], &[json!("ba"), json!("")]);
    check(json!({ "f": "*a" }), &[json!("a"), json!("bA")], &[json!("ab")]);
    check(json!({ "f": "*a*" }), &[json!("a"), json!("bAb")], &[json!("b")]);
    check(
        json!({ "f": "a*b*c" }),
        &[json!("abc"), json!("a1b2c"), json!("abbcc"), json!("abcbc")],
        &[json!("acb"), json!("ac"), json!("abcd")],
    );
    check(json!({ "f": "a*a" }), &[json!("aa"), json!("aba")], &[json!("a")]);
    check(
        json!({ "f": "prog?.exe" }),
        &[json!("progA.exe"), json!("PROGé.EXE")],
        &[json!("prog.exe"), json!("progAB.exe")],
    );
    check(json!({ "f": "?" }), &[json!("a"), json!("é"), json!("😀"), json!(1)], &[json!(""), json!("ab")]);
    check(json!({ "f": "*?b?*" }), &[json!("abc"), json!("xxabcx")], &[json!("bc"), json!("ab"), json!("b")]);
    check(json!({ "f": "a?*c" }), &[json!("abc"), json!("abbc")], &[json!("ac")]);
    check(json!({ "f": "**a**" }), &[json!("a"), json!("xax")], &[json!("")]);
    check(json!({ "f": r"\*" }), &[json!("*")], &[json!("x"), json!(r"\*")]);
    check(json!({ "f": r"a\?b" }), &[json!("a?b")], &[json!("axb"), json!(r"a\?b")]);
    check(json!({ "f": r"\\*" }), &[json!(r"\"), json!(r"\x")], &[json!("x"), json!("*")]);
    check(json!({ "f": r"\\\*" }), &[json!(r"\*")], &[json!(r"\x"), json!(r"\\*")]);
    check(json!({ "f": r"a\b" }), &[json!(r"a\b")], &[json!(r"a\\b"), json!("ab")]);
    check(json!({ "f": r"a\\b" }), &[json!(r"a\b")], &[json!(r"a\\b")]);
    check(json!({ "f": r"a\\\b" }), &[json!(r"a\\b")], &[json!(r"a\b")]);
    check(json!({ "f": r"a\\\\b" }), &[json!(r"a\\b")], &[json!(r"a\b")]);
    check(json!({ "f": r"a\" }), &[json!(r"a\")], &[json!("a")]);
}

#[test]
fn contains_startswith_endswith() {
    check(json!({ "f|contains": "drop" }), &[json!("DROP"), json!("x drop y")], &[json!("dro p"), json!(null)]);
    check(json!({ "f|contains": "d?op*x" }), &[json!("a drop 1x2")], &[json!("dop x"), json!("drop y")]);
    check(json!({ "f|contains": r"100\%" }), &[json!(r"x 100\% y")], &[json!("100%")]);
    check(json!({ "f|contains": r"a\*b" }), &[json!("xa*by")], &[json!("axb")]);
    check(json!({ "f|contains": "" }), &[json!(""), json!("x"), json!(0)], &[json!(null)]);
    check(json!({ "f|contains": "ÉÀ" }), &[json!("xéày"), json!("éÀ")], &[json!("ea")]);
    check(json!({ "f|startswith": "etl_" }), &[json!("ETL_1"), json!("etl_")], &[json!("xetl_"), json!("etl")]);
    check(json!({ "f|endswith": "_ro" }), &[json!("app_RO"), json!("_ro")], &[json!("app_ro1")]);
    check(json!({ "f|endswith": "é" }), &[json!("É")], &[json!("\u{301}e")]);
    check(json!({ "f|startswith": 12 }), &[json!(123), json!("12x")], &[json!(21)]);
    check(json!({ "f|contains": true }), &[json!(true), json!("untrue")], &[json!("tru")]);
}

#[test]
fn lists_are_or_and_with_all_they_are_and() {
    check(json!({ "f": ["a", "b*"] }), &[json!("A"), json!("bcd")], &[json!("c")]);
    let many: Vec<String> = (0..40).map(|n| format!("Word{n}")).collect();
    check(json!({ "f": many }), &[json!("word7"), json!("WORD39")], &[json!("word40"), json!("word"), json!("word7 ")]);
    let mut mixed: Vec<Value> = many.iter().map(|word| json!(word)).collect();
    mixed.extend([json!("x*"), json!(7), json!(null)]);
    check(json!({ "f": mixed }), &[json!("word0"), json!("xyz"), json!("7"), json!(null)], &[json!("y"), json!(8)]);
    check(
        json!({ "f|contains|all": ["a", "b"] }),
        &[json!("ab"), json!("b x a")],
        &[json!("a"), json!("b"), json!(null)],
    );
    check(json!({ "f|all|contains": ["a"] }), &[json!("xa")], &[json!("x")]);
    check(json!({ "f|startswith|all": ["ab", "a"] }), &[json!("abc")], &[json!("ac")]);
}

#[test]
fn cased_texts() {
    check(json!({ "f|cased": "Select" }), &[json!("Select")], &[json!("select"), json!("SELECT")]);
    check(json!({ "f|contains|cased": "Drop" }), &[json!("x Drop")], &[json!("x drop")]);
    check(json!({ "f|cased|startswith": "A*Z" }), &[json!("A-Z-")], &[json!("a-z-")]);
    let many: Vec<String> = (0..40).map(|n| format!("Word{n}")).collect();
    check(json!({ "f|cased": many }), &[json!("Word7")], &[json!("word7")]);
}

#[test]
fn regular_expressions() {
    check(json!({ "f|re": "^sel.ct$" }), &[json!("select")], &[json!("SELECT"), json!("a select"), json!("sel\nct")]);
    check(json!({ "f|re": "el" }), &[json!("select")], &[json!("sl"), json!(null), json!([]), json!({})]);
    check(json!({ "f|re": r"^\d{4}$" }), &[json!(5432), json!("5432")], &[json!(54321)]);
    check(json!({ "f|re|i": "SEL.CT" }), &[json!("select"), json!("xSELECT")], &[json!("selct")]);
    check(json!({ "f|re|i": "É" }), &[json!("é")], &[json!("e")]);
    check(json!({ "f|re|m": "^b$" }), &[json!("a\nb\nc")], &[json!("a b c")]);
    check(json!({ "f|re": "^b$" }), &[json!("b")], &[json!("a\nb\nc")]);
    check(json!({ "f|re|s": "a.b" }), &[json!("a\nb")], &[json!("ab")]);
    check(json!({ "f|re": "a.b" }), &[json!("axb")], &[json!("a\nb")]);
    check(json!({ "f|re|i|s|m": "^A.B$" }), &[json!("x\na\nb")], &[json!("ab")]);
    check(json!({ "f|re": ["^a", "b$"] }), &[json!("ax"), json!("xb")], &[json!("xax")]);
    check(json!({ "f|re|all": ["^a", "b$"] }), &[json!("ab")], &[json!("ax"), json!("xb")]);
    // The text is what the event means, not how it is written.
    check(json!({ "f|re": "^a\"\\\\$" }), &[json!("a\"\\")], &[json!("a\\\"\\\\")]);
}

#[test]
fn networks() {
    check(
        json!({ "f|cidr": "10.0.0.0/8" }),
        &[json!("10.0.0.0"), json!("10.255.255.255"), json!("::ffff:10.1.2.3")],
        &[
            json!("11.0.0.0"),
            json!("10.0.0"),
            json!("10.0.0.256"),
            json!("db-host"),
            json!(""),
            json!(null),
            json!("::a00:1"),
            json!(10),
        ],
    );
    check(json!({ "f|cidr": "192.168.1.77/24" }), &[json!("192.168.1.1")], &[json!("192.168.2.1")]);
    check(json!({ "f|cidr": "0.0.0.0/0" }), &[json!("1.2.3.4")], &[json!("::1")]);
    check(json!({ "f|cidr": "10.1.2.3" }), &[json!("10.1.2.3")], &[json!("10.1.2.4")]);
    check(
        json!({ "f|cidr": "2001:db8::/32" }),
        &[json!("2001:db8::1"), json!("2001:0DB8:ffff::"), json!("2001:db8::1%eth0")],
        &[json!("2001:db9::1"), json!("10.0.0.1")],
    );
    check(json!({ "f|cidr": "::/0" }), &[json!("::"), json!("ffff::")], &[json!("10.0.0.1")]);
    check(
        json!({ "f|cidr": ["10.0.0.0/8", "fe80::/10"] }),
        &[json!("10.1.1.1"), json!("fe80::1%1")],
        &[json!("fec0::1")],
    );
}

#[test]
fn comparisons() {
    for (modifier, less, equal, greater) in
        [("gt", false, false, true), ("gte", false, true, true), ("lt", true, false, false), ("lte", true, true, false)]
    {
        let selection = json!({ format!("f|{modifier}"): 1024 });
        for (value, expected) in [
            (json!(1023), less),
            (json!("1023"), less),
            (json!(-5), less),
            (json!(1023.9), less),
            (json!(1024), equal),
            (json!("1024"), equal),
            (json!(1024.0), equal),
            (json!(1025), greater),
            (json!("1024.5"), greater),
            (json!(1e30), greater),
            (json!(u64::MAX), greater),
            (json!(null), false),
            (json!(""), false),
            (json!("many"), false),
            (json!(true), false),
            (json!([]), false),
        ] {
            assert_eq!(matches(&selection, &json!({ "f": value })), expected, "{modifier} {value}");
        }
        assert!(!matches(&selection, &json!({})));
    }
    check(json!({ "f|gt": 0.5 }), &[json!(1), json!(0.6)], &[json!(0), json!(0.5)]);
    check(json!({ "f|gte": 1, "f|lt": 10 }), &[json!(1), json!(9)], &[json!(0), json!(10)]);
}

#[test]
fn existence() {
    let event = json!({ "f": null, "g": { "h": 0 } });
    for (field, there) in [("f", true), ("g", true), ("g.h", true), ("g.i", false), ("x", false), ("F", false)] {
        assert_eq!(matches(&json!({ format!("{field}|exists"): true }), &event), there, "{field}");
        assert_eq!(matches(&json!({ format!("{field}|exists"): false }), &event), !there, "{field}");
    }
}

#[test]
fn field_references() {
    let event = json!({ "a": "Root", "b": "rOOT", "c": "root user", "n": 5, "t": "5", "z": null, "l": ["root"] });
    for (selection, expected) in [
        (json!({ "a|fieldref": "b" }), true),
        (json!({ "a|fieldref|cased": "b" }), false),
        (json!({ "a|fieldref": "c" }), false),
        (json!({ "c|fieldref|startswith": "a" }), true),
        (json!({ "c|fieldref|endswith": "a" }), false),
        (json!({ "c|fieldref|contains": "b" }), true),
        (json!({ "n|fieldref": "t" }), true),
        (json!({ "z|fieldref": "z" }), false),
        (json!({ "a|fieldref": "missing" }), false),
        (json!({ "missing|fieldref": "missing" }), false),
        (json!({ "a|fieldref": ["c", "b"] }), true),
        (json!({ "a|fieldref|all": ["c", "b"] }), false),
        (json!({ "a|fieldref|neq": "c" }), true),
        (json!({ "a|fieldref": "l" }), false),
    ] {
        assert_eq!(matches(&selection, &event), expected, "{selection}");
    }
}

#[test]
fn not_equal() {
    check(json!({ "f|neq": "a" }), &[json!("b"), json!(1), json!(null)], &[json!("A")]);
    check(json!({ "f|neq": ["a", "b"] }), &[json!("c")], &[json!("a"), json!("b")]);
    check(json!({ "f|neq": 5 }), &[json!(6)], &[json!(5), json!("5")]);
    check(json!({ "f|contains|neq": "x" }), &[json!("a")], &[json!("axa")]);
    check(json!({ "f|re|neq": "^a" }), &[json!("ba")], &[json!("ab")]);
}

#[test]
fn lists_in_events_match_by_element() {
    let event = json!({ "paramList": ["1", "Bob", null, "10.0.0.7", ["deep"], {"x": "y"}, 7, true], "empty": [] });
    for (selection, expected) in [
        (json!({ "paramList": "bob" }), true),
        (json!({ "paramList|cased": "bob" }), false),
        (json!({ "paramList": ["x", "1"] }), true),
        (json!({ "paramList|contains|all": ["bo", "10."] }), true),
        (json!({ "paramList|contains|all": ["bo", "zz"] }), false),
        (json!({ "paramList|cidr": "10.0.0.0/8" }), true),
        (json!({ "paramList|gt": 6 }), true),
        (json!({ "paramList|gt": 7 }), false),
        (json!({ "paramList": "deep" }), false),
        (json!({ "paramList": true }), true),
        (json!({ "paramList": null }), false),
        (json!({ "empty": "*" }), false),
        (json!({ "paramList|re": "^B" }), true),
    ] {
        assert_eq!(matches(&selection, &event), expected, "{selection}");
    }
}

#[test]
fn paths_lead_into_nested_objects() {
    let event =
        json!({ "engineNativeAuditFields": { "ROLE": "DBA", "n": { "x": 1 }, "a.b": "dotted" }, "p.q": "flat" });
    for (selection, expected) in [
        (json!({ "engineNativeAuditFields.ROLE": "dba" }), true),
        (json!({ "engineNativeAuditFields.role": "dba" }), false),
        (json!({ "engineNativeAuditFields.ROLE|contains": "b" }), true),
        (json!({ "engineNativeAuditFields.n.x": 1 }), true),
        (json!({ "engineNativeAuditFields.a.b": "dotted" }), true),
        (json!({ "p.q": "flat" }), true),
        (json!({ "engineNativeAuditFields": "*" }), false),
        (json!({ "engineNativeAuditFields": null }), false),
        (json!({ "ROLE": "dba" }), false),
    ] {
        assert_eq!(matches(&selection, &event), expected, "{selection}");
    }
}

#[test]
fn keywords_stand_anywhere() {
    let event =
        json!({ "a": "Truncate TABLE x", "n": { "deep": ["x", { "y": "Secret\n" }] }, "i": 4625, "secondname": null });
    for (selection, expected) in [
        (json!(["truncate"]), true),
        (json!("truncate"), true),
        (json!(["nothing", "secret"]), true),
        (json!(["nothing"]), false),
        (json!(["trunc*x"]), true),
        (json!(["table ?"]), true),
        (json!(["x*secret"]), false),
        // Names are no values.
        (json!(["secondname", "deep"]), false),
        (json!([4625]), true),
        (json!([462]), false),
        (json!({ "|all": ["truncate", "secret"] }), true),
        (json!({ "|all": ["truncate", "nothing"] }), false),
        (json!({ "|cased": ["Truncate"] }), true),
        (json!({ "|cased": ["truncate"] }), false),
        (json!({ "|re": "^Secret$" }), false),
        (json!({ "|re|m": "^Secret$" }), true),
        (json!({ "|contains": "able" }), true),
        (json!({ "|startswith": "trunc" }), true),
        (json!({ "|startswith": "table" }), false),
        (json!({ "|all": ["truncate"], "i": 1 }), false),
        (json!([{ "i": 4625, "a": "no" }, { "i": 4625 }]), true),
        (json!(["nothing", { "i": 4625 }]), true),
    ] {
        assert_eq!(matches(&selection, &event), expected, "{selection}");
    }
}
