"""The cases: streams of all four engines with every fault, settings of every kind, and bytes that are no records."""

import base64
import re
import subprocess

ENGINES = ("postgres", "mysql", "oracle", "sqlserver")
RECORDS = 480
BATCH = 80
# So large, and so long to make, that one engine has it.
BOMB = "gzip-bomb"

# Each on records of all engines. Rules with routes need names without " -> " and "; ".
SETTINGS = {
    "heartbeats-kept": {"heartbeats": "keep"},
    "envelope": {"shape": "envelope", "system-users": "drop"},
    "ocsf": {"shape": "ocsf", "ocsf": {"version": "1.8.0", "iam": True}, "raw": True},
    "ecs": {"shape": "ecs", "mysql-aux": "drop"},
    "routes": {
        "system-users": "drop",
        "rules": [
            {"drop": {"command": "ALTER SESSION"}},
            {"name": "failures", "keep": {"outcome": "failure"}, "route": "failed"},
            {"name": "by-class", "keep": {"class": "*"}, "route": "{class}/{yyyy}"},
        ],
    },
    "redacted": {
        "redact": {"preset": "sql", "dbUserName": "hash", "remoteHost": "drop", "clientApplication": {"truncate": 5}},
        "redact-key": "a key for tests only",
    },
    "nothing-kept": {"otherwise": "drop"},
    "small-limits": {"limits": {"record": "6KiB", "plaintext": "16KiB", "events": 10}},
    "no-such-suite": {"suites": ["0x0578"]},
    "no-such-key-name": {"encrypted-data-key": {"provider": "BC", "name": "Other"}},
}

REFUSED_CONFIGS = (
    {"heartbeat": "drop"},
    {"heartbeats": "maybe"},
    {"shape": "xml"},
    {"limits": {"plaintext": 1}},
    {"resources": ["orders"]},
    {"rules": [{"keep": {"commandText|re": "("}}]},
    {"redact": {"dbUserName": "hash"}},
)

# What hosts are given besides records. The last ones are no UTF-8, and a record between them still decodes.
ODD = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b'{"type":"DatabaseActivityMonitoringRecords"}',
    b"\xef\xbb\xbf{}",
    '{"type":"\u2028\u0000\U0001f600"}'.encode(),
    b'{"type":"\\ud800"}',
    b'{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":'
    b'{"databaseActivityEventList":[{"type":"record","class":"READ","number":1.50,"text":"\\u00e9\xc3\xa9\\u0000"}]}}',
    b"[" * 2000,
    b"\xff\xfe",
    b'{"type":"\xed\xa0\x80"}',
    b'{"type":"\xc0\xaf"}',
)


def cases(program, folder):
    """All cases that the component accepts the settings of; keyrings are written into `folder`."""
    streams = {engine: Stream(program, folder, engine) for engine in ENGINES}
    for stream in streams.values():
        yield from stream.batches()
    for index, (name, config) in enumerate(SETTINGS.items()):
        for engine in ENGINES:
            stream = streams[engine]
            yield stream.case(f"{name}-{engine}", {**config, "resources": stream.resources}, None, index * 20, 20)
    postgres, oracle = streams["postgres"], streams["oracle"]
    yield postgres.case("no-resource", {}, None, 0, 5)
    yield postgres.case("other-resource", {}, "cluster-OTHER", 0, 5)
    yield oracle.case("other-instance", {}, oracle.resources[0], 0, 10)
    yield {**postgres.case("other-keyring", {}, postgres.resources[0], 0, 5), "keyring": oracle.keyring}
    yield postgres.case("one-record", {}, postgres.resources[0], 1, 1)
    yield postgres.case("no-record", {}, postgres.resources[0], 0, 0)
    mixed = [record for index, odd in enumerate(ODD) for record in (odd, postgres.records[index])]
    odd = [base64.b64encode(record).decode() for record in mixed]
    yield {**postgres.case("odd-bytes", {}, postgres.resources[0], 0, 0), "records": odd}


def faults(program):
    """The names of the damage that the program can do."""
    text = subprocess.run([program, "gen", "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^ +([a-z0-9-]+): .* \([a-z]+/[a-z0-9-]+\)$", text, re.MULTILINE)


class Stream:
    """One engine's records, with each fault once."""

    def __init__(self, program, folder, engine):
        self.engine = engine
        self.keyring = f"{engine}.keyring.json"
        (folder / self.keyring).unlink(missing_ok=True)
        options = ["--engine", engine, "--records", str(RECORDS), "--events", "1-12", "--rotations", "1"]
        for fault in faults(program):
            if fault != BOMB or engine == ENGINES[0]:
                options += ["--fault", fault]
        run = subprocess.run(
            [program, "gen", *options, "--keyring", self.keyring], cwd=folder, capture_output=True, check=True
        )
        self.records = run.stdout.split(b"\n")[:-1]
        self.resources = re.findall(r"^  ((?:cluster|db)-\w+)$", run.stderr.decode(), re.MULTILINE)

    def batches(self):
        """The whole stream. Where it is one cluster's, its id comes with the batch, else from the settings."""
        for index in range(0, RECORDS, BATCH):
            name = f"{self.engine}-{index // BATCH}"
            if len(self.resources) == 1:
                yield self.case(name, {}, self.resources[0], index, BATCH)
            else:
                yield self.case(name, {"resources": self.resources}, None, index, BATCH)

    def case(self, name, config, resource, first, count):
        records = [base64.b64encode(record).decode() for record in self.records[first : first + count]]
        return {"case": name, "config": config, "keyring": self.keyring, "resource": resource, "records": records}
