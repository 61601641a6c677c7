//! What the program is made of: where its crates come from, their licences, and what must not be among them.

use std::process::Command;

use serde_json::Value;

/// Licences that ask for no more than their text in the distribution.
const LICENCES: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// A second TLS beside rustls, and C where Rust does the same.
const BANNED: [&str; 4] = ["openssl-sys", "native-tls", "ring", "libz-sys"];

/// Every crate of the lock file as `cargo metadata` describes it.
fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let used: Vec<&str> = array(&metadata["resolve"]["nodes"]).iter().map(|node| text(&node["id"])).collect();
    array(&metadata["packages"]).iter().filter(|package| used.contains(&text(&package["id"]))).cloned().collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether an SPDX expression leaves a choice in which every licence is acceptable. `/` is how old crates write OR.
fn acceptable(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let (acceptable, rest) = any(&words);
    acceptable && rest.is_empty()
}

fn any<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut acceptable, mut rest) = all(words);
    while let ["OR", after @ ..] = rest {
        let next = all(after);
        (acceptable, rest) = (acceptable | next.0, next.1);
    }
    (acceptable, rest)
}

fn all<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut acceptable, mut rest) = one(words);
    while let ["AND", after @ ..] = rest {
        let next = one(after);
        (acceptable, rest) = (acceptable & next.0, next.1);
    }
    (acceptable, rest)
}

fn one<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inside @ ..] => match any(inside) {
            (acceptable, [")", rest @ ..]) => (acceptable, rest),
            (_, rest) => (false, rest),
        },
        [licence, "WITH", exception, rest @ ..] => (LICENCES.contains(&&*format!("{licence} WITH {exception}")), rest),
        [licence, rest @ ..] => (LICENCES.contains(licence), rest),
        [] => (false, words),
    }
}

#[test]
fn licences_are_read_as_they_are_meant() {
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only AND MIT", false),
        ("MIT/Apache-2.0", true),
        ("(MIT OR GPL-3.0-only) AND Unicode-3.0", true),
        ("(MIT OR ISC) AND GPL-3.0-only", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("GPL-2.0 WITH Classpath-exception-2.0", false),
        ("MIT ISC", false),
        ("(MIT", false),
        ("", false),
    ] {
        assert_eq!(acceptable(expression), expected, "{expression}");
    }
}

#[test]
fn every_crate_comes_from_the_registry_under_an_acceptable_licence() {
    let mut foreign = 0;
    for package in packages() {
        let name = text(&package["name"]);
        assert!(acceptable(text(&package["license"])), "the licence of {name}: {}", package["license"]);
        assert!(!BANNED.contains(&name), "{name} must not be part of it");
        // Our own crates have no source.
        if let Some(source) = package["source"].as_str() {
            assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}");
            foreign += 1;
        }
    }
    assert!(foreign > 100, "{foreign} crates");
}
