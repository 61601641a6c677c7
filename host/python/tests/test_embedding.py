"""The suite that all hosts pass: verdict by verdict what the Rust program answers."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT, made


def test_every_verdict_is_the_rust_programs():
    cases = made("embedding", "DASTAP_EMBEDDING")
    compare = [sys.executable, str(ROOT / "tests" / "embedding" / "compare.py"), str(cases)]
    run = subprocess.run(
        [*compare, sys.executable, str(Path(__file__).with_name("runner.py"))], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith(": 0 differences\n")


def test_the_comparer_sees_a_difference(tmp_path):
    cases = made("embedding", "DASTAP_EMBEDDING")
    liar = tmp_path / "liar.py"
    liar.write_text("for line in open('expected.jsonl'):\n    print(line.replace('frame 1', 'frame 2'), end='')\n")
    compare = [sys.executable, str(ROOT / "tests" / "embedding" / "compare.py"), str(cases)]
    run = subprocess.run([*compare, sys.executable, str(liar)], capture_output=True, text=True)
    assert run.returncode == 1 and "expected frame 1, found frame 2" not in run.stdout
    assert "record" in run.stderr and not run.stdout.endswith(": 0 differences\n")
