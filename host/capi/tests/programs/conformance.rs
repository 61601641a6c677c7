//! The suite that every host passes (`tests/embedding`): verdicts as the Rust program gives them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dastap_tests::peer::python;
use dastap_tests::program::built;

use crate::program::{compile, valgrind};

#[test]
fn the_embedding_suite_has_no_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = compile(include_str!("../c/conformance.c"), folder.path(), &["-ljansson"]);
    let runner = valgrind(&program);
    let mut compare = script("compare.py");
    compare.arg(cases()).arg(runner.get_program()).args(runner.get_args()).env("LD_LIBRARY_PATH", folder.path());
    let told = run(&mut compare);
    let log = fs::read_to_string(folder.path().join("valgrind.log")).unwrap_or_default();
    assert_eq!(log, "", "what valgrind found");
    let [records, failures, differences] = ["records", "failures", "differences"].map(|what| number(&told, what));
    assert!(records >= 2000 && failures >= 60 && differences == 0, "{told}");
}

/// The folder of the cases, where they are made unless they are newer than the program.
fn cases() -> PathBuf {
    let program = built("dastap");
    let beside = || program.ancestors().nth(2).expect("target/<profile>/dastap").join("embedding");
    let folder = std::env::var_os("DASTAP_EMBEDDING").map_or_else(beside, PathBuf::from);
    run(script("generate.py").args([&program, &folder]));
    folder
}

fn script(name: &str) -> Command {
    let mut command = Command::new(python());
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/embedding").join(name));
    command
}

/// What a script that succeeds says.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("Python runs");
    let [said, complaint] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{said}{complaint}");
    said
}

/// The number before a word.
fn number(text: &str, word: &str) -> usize {
    let mut words = text.split([' ', ',', ':', '\n']).rev().skip_while(|&part| part != word);
    words.nth(1).and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{word}: {text}"))
}
