"""Writes the cases of the embedding suite, and what the Rust program answers to each record of them.

    generate.py DASTAP FOLDER

DASTAP: the program. FOLDER gets `cases.jsonl`, `expected.jsonl` and keyrings; README.md says what is in them.
"""

import base64
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from cases import REFUSED_CONFIGS, cases

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-"


def main(program, folder):
    program, folder = pathlib.Path(program).resolve(), pathlib.Path(folder)
    expected_file = folder / "expected.jsonl"
    if is_newer(expected_file, [program, *pathlib.Path(__file__).parent.glob("*.py")]):
        return
    folder.mkdir(parents=True, exist_ok=True)
    made = list(cases(program, folder))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        answers = list(threads.map(lambda case: answer(program, folder, case), made))
    records = sum(len(case["records"]) for case in made)
    failures = sum("failed" in verdict for given in answers for verdict in given["verdicts"])
    if records < 2000 or failures < 60:
        sys.exit(f"expected at least 2000 records and 60 failures, made {records} and {failures}")
    for config in REFUSED_CONFIGS:
        name = f"refused-{len(made)}"
        made.append({"case": name, "config": config, "keyring": made[0]["keyring"], "resource": None, "records": []})
        answers.append({"case": name, "error": refusal(program, config)})
    # The expected answers last: they say that all is there.
    write_lines(folder / "cases.jsonl", made)
    write_lines(expected_file, answers)


def is_newer(file, sources):
    return file.exists() and all(file.stat().st_mtime > source.stat().st_mtime for source in sources)


def write_lines(file, values):
    text = "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values)
    partial = file.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


def answer(program, folder, case):
    """Each record through the program, alone."""
    verdicts, counts = [], {}
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        (place / "config.json").write_text(json.dumps({"transform": case["config"]}), encoding="utf-8")
        for record in case["records"]:
            verdict, counted = judge(program, place, folder.resolve() / case["keyring"], case, record)
            verdicts.append(verdict)
            for name, value in counted.items():
                counts[name] = counts.get(name, 0) + value
    return {"case": case["case"], "verdicts": verdicts, "counts": counts}


def judge(program, place, keyring, case, record):
    """One record's verdict, and what it adds to the counters that the program tells."""
    (place / "record.json").write_text(carrier(record, case["resource"]), encoding="utf-8")
    dead_letter, stats_file = place / "failed.ndjson", place / "stats.json"
    dead_letter.unlink(missing_ok=True)
    decode = [program, "decode", "--keyring", keyring, "--config", "config.json", "--workers", "1"]
    run = subprocess.run(
        [*decode, "--dead-letter", dead_letter, "--stats", stats_file, "record.json"], cwd=place, capture_output=True
    )
    if run.returncode == 1:
        letter = json.loads(dead_letter.read_text(encoding="utf-8"))
        if run.stdout or not is_kept(letter, dead_letter.read_bytes(), base64.b64decode(record)):
            sys.exit(f"{case['case']}: the dead letter does not hold the record as received: {letter}")
        return {"failed": letter["error"]}, {}
    if run.returncode != 0:
        sys.exit(f"{case['case']}: {run.stderr.decode()}")
    stats = json.loads(stats_file.read_text(encoding="utf-8"))
    events = stats["events"]
    routes = None
    if any("route" in rule for rule in case["config"].get("rules", [])):
        explained = subprocess.run(
            [*decode, "--explain", "0", "record.json"], cwd=place, capture_output=True, check=True
        )
        routes = kept_routes(explained.stdout.decode())
    decoded = {"outputs": outputs(run.stdout.decode(), routes)}
    decoded.update({name: events[name] for name in ("kept", "dropped", "heartbeats")})
    counted = {"kept": events["kept"], "heartbeats": events["heartbeats"], **stats.get("by", {})}
    return {"decoded": decoded}, {name: value for name, value in counted.items() if value}


def carrier(record, resource):
    """The event that carries these bytes as one record, whatever they are."""
    if resource is None:
        return json.dumps({"Records": [{"Data": record}]})
    return json.dumps({"Records": [{"kinesis": {"data": record}, "eventSourceARN": ARN + resource}]})


def is_kept(letter, line, record):
    if "record" in letter:
        return line.rstrip(b"\n").endswith(b'"record":' + record + b"}")
    return base64.b64decode(letter["record_base64"]) == record


def kept_routes(explained):
    """The route of each event that stays, in order."""
    kept = re.findall(r"^ *\d+  keep  (.*)$", explained, re.MULTILINE)
    return [words.split("; ")[0].partition(" -> ")[2] or "default" for words in kept]


def outputs(lines, routes):
    """The program writes the outputs one behind the other; a route's place is that of its first event."""
    lines = [line + "\n" for line in lines.split("\n")[:-1]]
    if routes is None:
        routes = ["default"] * len(lines)
    joined = {route: [] for route in routes}
    rest = iter(lines)
    for route in joined:
        joined[route] = [next(rest) for _ in range(routes.count(route))]
    if len(lines) != len(routes):
        sys.exit(f"{len(lines)} lines, but {len(routes)} events that stay")
    return [{"route": route, "lines": "".join(of), "events": len(of)} for route, of in joined.items()]


def refusal(program, config):
    """What the program says of these settings, without the file's name."""
    with tempfile.TemporaryDirectory() as place:
        file = pathlib.Path(place) / "config.json"
        file.write_text(json.dumps({"transform": config}), encoding="utf-8")
        run = subprocess.run([program, "rules", "config.json"], cwd=place, capture_output=True, text=True)
    if run.returncode != 2:
        sys.exit(f"expected the program to refuse {config}: {run}")
    return run.stderr.removeprefix("error: config.json: ").rstrip("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
