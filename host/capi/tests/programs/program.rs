//! C programs: compiled without a warning against the header and the library, to be run under valgrind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What valgrind ends with when it found something.
const FOUND: &str = "--error-exitcode=99";

/// A program of C, in a folder with the library; `others` are libraries of the system that it needs as well.
pub(crate) fn compile(source: &str, folder: &Path, others: &[&str]) -> PathBuf {
    library(folder);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (file, program) = (folder.join("program.c"), folder.join("program"));
    fs::write(&file, source).expect("the folder is writable");
    let output = Command::new("gcc")
        .args(["-Wall", "-Wextra", "-Werror", "-std=c11", "-pedantic", "-g", "-pthread", "-I"])
        .arg(root.join("include"))
        .arg(file)
        .args(["-o".as_ref(), program.as_os_str(), "-L".as_ref(), folder.as_os_str(), "-ldastap".as_ref()])
        .args(others)
        .output()
        .expect("gcc");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// The library as it was built, under the names that it is linked and looked for by.
fn library(folder: &Path) {
    let tests = std::env::current_exe().expect("the path of the tests");
    let built = tests.ancestors().nth(2).expect("target/<profile>/deps/<tests>").join("libdastap.so");
    assert!(built.is_file(), "{} is missing: run `make test`, which builds it first", built.display());
    for name in ["libdastap.so", "libdastap.so.1"] {
        symlink(&built, folder.join(name)).expect("the folder is writable");
    }
}

/// A compiled program under valgrind: a leak or an error is exit code 99, and told in `valgrind.log` beside it.
pub(crate) fn valgrind(program: &Path) -> Command {
    let folder = program.parent().expect("a folder");
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", FOUND, "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible"])
        // The sandbox runs on stacks of its own, which may lie a megabyte from a thread's: that near, valgrind would
        // take the step from one to the other for a large frame.
        .args(["--max-stackframe=262144", "--num-callers=60"])
        .arg(format!("--log-file={}", folder.join("valgrind.log").display()))
        .arg(concat!("--suppressions=", env!("CARGO_MANIFEST_DIR"), "/tests/valgrind.supp"))
        .arg(program)
        .env("LD_LIBRARY_PATH", folder);
    command
}
