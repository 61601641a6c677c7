"""How fast the plugin is beside `dastap decode` on one thread: bench.py BUILT [RECORDS]

BUILT holds the program, the plugin and nothing older than either. Times are of the processor, so that a busy machine
does not matter: the plugin's calls, and a run of the program less one of a single record. Needs Python 3.9 and gcc.
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
# Fluent Bit fills a chunk up to 2 MB, some 500 records.
CHUNK = 500


def main(built, records=4000):
    built, here = pathlib.Path(built).resolve(), pathlib.Path(__file__).resolve().parent
    for name in ("dastap", "libflb_filter_dastap.so"):
        if not (built / name).exists():
            sys.exit(f"{built / name}: expected, not found; make fluent-bit and cargo build --release --bin dastap")
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

        chunks = [lines[start : start + CHUNK] for start in range(0, len(lines), CHUNK)]
        (folder / "chunk").write_bytes(b"".join(map(packed, lines[:CHUNK])))

        def decode():
            command = [built / "dastap", "decode", "--config", "dastap.yaml", "--resource-id", stream]
            return seconds([*command, "all.ndjson"], folder) - seconds([*command, "one.ndjson"], folder)

        def plugin():
            options = ["config=dastap.yaml", f"resource_id={stream}"]
            command = ["./loader", built / "libflb_filter_dastap.so", str(len(chunks)), "chunk", "made", *options]
            return float(subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.split()[1])

        # The best of each: what disturbs only ever adds.
        best = {measured: min(measured() for _ in range(ROUNDS)) for measured in (decode, plugin)}
    for measured, took in best.items():
        print(f"{measured.__name__:<7} {records / took:>9.0f} records/s of one thread")
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
