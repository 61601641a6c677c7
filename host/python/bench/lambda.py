"""How fast this host is beside the usual Python Lambda (`tests/peer/usual_lambda.py`): both decode the same records in
turns, one process each, on one thread. Prints records per second and their ratio, medians over the turns.

    bench/lambda.py DASTAP [PYTHON]

DASTAP: the program, which makes the records. PYTHON: an interpreter that has `aws-encryption-sdk`; default: this one.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dastap import Decoder, Keyring

USUAL = Path(__file__).parents[3] / "tests" / "peer" / "usual_lambda.py"
TURNS = 9
# Records of an invocation: what Lambda hands over by default.
BATCH = 100
# Events a record, and records; the goal is that of records of ten events.
CLASSES = ((0, 2000), (1, 2000), (10, 1000), (100, 200))
GOAL = 4.0


def main(program: str, python: str = sys.executable) -> int:
    ratios = {}
    for events, records in CLASSES:
        with tempfile.TemporaryDirectory() as folder:
            ratios[events] = compare(program, python, Path(folder), events, records)
    return 0 if ratios[10] >= GOAL else 1


def compare(program: str, python: str, folder: Path, events: int, count: int) -> float:
    options = ["--events", str(max(events, 1)), "--heartbeats", "0" if events else "100", "--records", str(count)]
    options += ["--engine", "postgres", "--instances", "1", "--empty", "0"]
    files = ["--keyring", "keyring.json", "-o", "records.ndjson"]
    made = subprocess.run([program, "gen", *options, *files], cwd=folder, check=True, capture_output=True, text=True)
    resource = re.search(r"cluster-\w+", made.stderr)
    assert resource is not None, made.stderr
    records = (folder / "records.ndjson").read_bytes().split(b"\n")[:-1]
    decoder = Decoder(keys=Keyring(folder / "keyring.json"), workers=1)
    decoder.decode(records, resource[0])
    usual = subprocess.Popen(
        [python, str(USUAL), str(folder / "records.ndjson"), str(folder / "keyring.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with usual:
        sides = [(ours(decoder, records, resource[0]), theirs(usual)) for _ in range(TURNS)]
        assert usual.stdin is not None
        usual.stdin.close()
    assert {kept for turn in sides for _, kept in turn} == {events * count}, "both found the same events"
    ratio = statistics.median(their_time / our_time for (our_time, _), (their_time, _) in sides)
    rates = [count / statistics.median(turn[side][0] for turn in sides) for side in (0, 1)]
    print(f"{events:4} events: dastap {rates[0]:7.0f} records/s, usual Lambda {rates[1]:6.0f}, ratio {ratio:.1f}")
    return ratio


def ours(decoder: Decoder, records: "list[bytes]", resource: str) -> "tuple[float, int]":
    kept = 0
    start = time.perf_counter()
    for first in range(0, len(records), BATCH):
        merged = decoder.decode(records[first : first + BATCH], resource)
        kept += merged.kept
        assert not merged.failures and sum(output.events for output in merged.outputs) == merged.kept
    return time.perf_counter() - start, kept


def theirs(usual: "subprocess.Popen[str]") -> "tuple[float, int]":
    assert usual.stdin is not None and usual.stdout is not None
    usual.stdin.write("\n")
    usual.stdin.flush()
    answer = json.loads(usual.stdout.readline())
    return answer["seconds"], answer["events"]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("expected: bench/lambda.py DASTAP [PYTHON]")
    sys.exit(main(*sys.argv[1:]))
