//! What the program is made of: where its crates come from, their licences, and what must not be among them.

use std::collections::BTreeSet;
use std::process::Command;

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

/// Every crate that takes part in a build: its name and its licence.
fn crates() -> Vec<(String, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--workspace", "--target", "x86_64-unknown-linux-gnu", "--edges", "normal,build"])
        .args(["--no-dedupe", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let line = |line: &str| line.split_once('|').map(|(name, licence)| (name.to_owned(), licence.to_owned()));
    BTreeSet::from_iter(text.lines().filter_map(line)).into_iter().collect()
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
fn every_crate_has_an_acceptable_licence() {
    let crates = crates();
    assert!(crates.len() > 100, "{} crates", crates.len());
    for (name, licence) in crates {
        assert!(acceptable(&licence), "the licence of {name}: {licence}");
        let name = name.split(' ').next().unwrap_or_default();
        assert!(!BANNED.contains(&name), "{name} must not be part of it");
    }
}

#[test]
fn every_crate_comes_from_the_registry() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).expect("the lock file");
    let sources: BTreeSet<&str> = lock.lines().filter(|line| line.starts_with("source = ")).collect();
    assert_eq!(Vec::from_iter(sources), [r#"source = "registry+https://github.com/rust-lang/crates.io-index""#]);
}
