"""Runs a host's runner on the cases and compares its answers with the expected ones.

    compare.py FOLDER RUNNER [ARGUMENT...]

Exits with 1 when anything differs, and says what.
"""

import json
import pathlib
import subprocess
import sys

SHOWN = 10


def main(folder, *runner):
    folder = pathlib.Path(folder)
    with open(folder / "cases.jsonl", "rb") as cases:
        run = subprocess.run(runner, stdin=cases, cwd=folder, stdout=subprocess.PIPE)
    if run.returncode != 0:
        sys.exit(f"the runner ended with {run.returncode}")
    expected, found = read(folder / "expected.jsonl"), [json.loads(line) for line in run.stdout.split(b"\n") if line]
    names = ([answer["case"] for answer in expected], [answer.get("case") for answer in found])
    if names[0] != names[1]:
        sys.exit(f"expected answers to {len(names[0])} cases in their order, found {len(names[1])}: {names[1]}")
    differences = [line for pair in zip(expected, found) for line in compare(*pair)]
    for line in differences[:SHOWN]:
        print(line, file=sys.stderr)
    verdicts = [verdict for answer in expected for verdict in answer.get("verdicts", [])]
    failures = sum("failed" in verdict for verdict in verdicts)
    print(
        f"{' '.join(map(str, runner))}: {len(expected)} cases, {len(verdicts)} records, {failures} failures: "
        f"{len(differences)} differences"
    )
    return 1 if differences else 0


def read(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def compare(expected, found):
    """The differences of one case, in words."""
    case = expected["case"]
    if "error" in expected or "error" in found:
        if expected.get("error") != found.get("error"):
            yield words(case, "error", expected.get("error"), found.get("error"))
        return
    if "verdicts" not in found and "merged" not in found:
        yield f"{case}: expected verdicts, merged or both, found {sorted(found)}"
    if "verdicts" in found:
        yield from verdicts(case, expected["verdicts"], found["verdicts"])
    if "merged" in found:
        whole = merge(expected["verdicts"])
        for member in sorted(whole.keys() | found["merged"].keys()):
            if whole.get(member) != found["merged"].get(member):
                yield words(case, f"merged.{member}", whole.get(member), found["merged"].get(member))
    if "counts" in found:
        for name, value in expected["counts"].items():
            if found["counts"].get(name) != value:
                yield words(case, f"counts.{name}", value, found["counts"].get(name))


def verdicts(case, expected, found):
    if len(expected) != len(found):
        yield f"{case}: expected {len(expected)} verdicts, found {len(found)}"
    for index, pair in enumerate(zip(expected, found)):
        if pair[0] != pair[1]:
            yield words(case, f"record {index}", *pair)


def merge(verdicts):
    """What `decode-merged` must answer where `decode` answers these."""
    outputs, failures, sums = {}, [], {"kept": 0, "dropped": 0, "heartbeats": 0}
    for index, verdict in enumerate(verdicts):
        if "failed" in verdict:
            failures.append([index, verdict["failed"]])
            continue
        for name in sums:
            sums[name] += verdict["decoded"][name]
        for output in verdict["decoded"]["outputs"]:
            whole = outputs.setdefault(output["route"], {"route": output["route"], "lines": "", "events": 0})
            whole["lines"] += output["lines"]
            whole["events"] += output["events"]
    return {"outputs": list(outputs.values()), "failures": failures, **sums}


def words(case, where, expected, found):
    """Both sides from a little before the first difference."""
    texts = [json.dumps(side, sort_keys=True, ensure_ascii=False) for side in (expected, found)]
    first = next((i for i, pair in enumerate(zip(*texts)) if pair[0] != pair[1]), min(map(len, texts)))
    start = max(0, first - 60)
    expected, found = (text[start : start + 200] for text in texts)
    return f"{case}, {where}, from character {start}:\n  expected {expected}\n  found    {found}"


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("expected: compare.py FOLDER RUNNER [ARGUMENT...]")
    sys.exit(main(*sys.argv[1:]))
