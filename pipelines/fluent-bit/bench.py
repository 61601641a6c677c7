"""How fast the plugin is beside `dastap decode` on one thread: bench.py BUILT [RECORDS]

BUILT holds the program, the plugin and nothing older than either. Times are of the processor, so that a busy machine
does not matter, each without what one record takes, so that starting does not count. Needs Python 3.9 and gcc.
"""

import pathlib
import re
import resource
import struct
import subprocess
import sys
import tempfile

GOAL = 0.8
ROUNDS = 5


def main(built, records=4000):
    built, here = pathlib.Path(built).resolve(), pathlib.Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        loader = ["gcc", "-O2", "-rdynamic", "-o", "loader", here / "tests/peer/loader.c", "-ldl"]
        subprocess.run(loader, cwd=folder, check=True)
        gen = [built / "dastap", "gen", "--engine", "postgres", "--records", str(records), "--keyring", "keys.json"]
        made = subprocess.run(gen, cwd=folder, capture_output=True, check=True)
        lines = made.stdout.split(b"\n")[:-1]
        stream = re.search(r"^  (cluster-\w+)$", made.stderr.decode(), re.MULTILINE)[1]
        (folder / "dastap.yaml").write_text("keys: { keyring: keys.json }\nworkers: 1\n")
        for name, some in (("all", lines), ("one", lines[:1])):
            (folder / f"{name}.ndjson").write_bytes(b"".join(line + b"\n" for line in some))
            (folder / f"{name}.chunk").write_bytes(b"".join(map(packed, some)))

        def decode(name):
            return [built / "dastap", "decode", "--config", "dastap.yaml", "--resource-id", stream, f"{name}.ndjson"]

        def plugin(name):
            options = ["config=dastap.yaml", f"resource_id={stream}"]
            return ["./loader", built / "libflb_filter_dastap.so", "1", f"{name}.chunk", "made", *options]

        # In turn, and the best of each: what disturbs only ever adds.
        best = {}
        for _ in range(ROUNDS):
            for command in (decode, plugin):
                took = seconds(command("all"), folder) - seconds(command("one"), folder)
                best[command] = min(best.get(command, took), took)
    for command, took in best.items():
        print(f"{command.__name__:<7} {records / took:>9.0f} records/s of one thread")
    ratio = best[decode] / best[plugin]
    print(f"plugin / decode: {ratio:.2f}, goal {GOAL}")
    return 0 if ratio >= GOAL else 1


def seconds(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def packed(line):
    """A log record: time, no metadata, the line in `log`."""
    return b"\x92\x92\xd7\x00" + struct.pack(">II", 1700000000, 0) + b"\x80\x81\xa3log\xdb" + struct.pack(">I", len(line)) + line


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("expected: bench.py BUILT [RECORDS]")
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
