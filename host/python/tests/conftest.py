"""What the tests share: encrypted streams made by the program, and moto's server for KMS and Kinesis on loopback."""

import base64
import collections
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "peer"))

from front import Front, Quiet, error  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

REGION = "eu-west-1"


class Scripted(Front):
    """Any operation may be told to fail, as many times as codes are appended for it."""

    def __init__(self):
        super().__init__()
        self.codes = collections.defaultdict(list)

    def __call__(self, environ, start_response):
        codes = self.codes[environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]]
        if not codes:
            return super().__call__(environ, start_response)
        return error(400, codes.pop(0))(environ, start_response)

    def fail_decrypt(self, status, code, times):
        """The next `times` requests of KMS fail."""
        self.fail("Decrypt", error(status, code), times)


def made(name, variable):
    """What `make` built: in the target folder, or where a variable says."""
    path = Path(os.environ.get(variable) or ROOT / "target" / name).resolve()
    assert path.exists(), f"{path} is missing: run `make test-python`, which builds it, or set {variable}"
    return path


@pytest.fixture(scope="session")
def program():
    """The Rust program."""
    return made("debug/dastap", "DASTAP_PROGRAM")


@pytest.fixture(scope="session")
def faulty():
    """The component that misbehaves on request."""
    return made("dastap-faults.wasm", "DASTAP_FAULTS")


@pytest.fixture(scope="session")
def generate(program, tmp_path_factory):
    """Makes a stream: its records, its keyring's path and its resource ids."""

    def run(*options):
        folder = tmp_path_factory.mktemp("stream")
        files = ["--keyring", "keyring.json", "--expected", "expected.ndjson"]
        done = subprocess.run([program, "gen", *options, *files], cwd=folder, capture_output=True, check=True)
        expected = (folder / "expected.ndjson").read_text(encoding="utf-8").split("\n")[:-1]
        return SimpleNamespace(
            records=done.stdout.split(b"\n")[:-1],
            keyring=folder / "keyring.json",
            resources=re.findall(r"^  ((?:cluster|db)-\w+)$", done.stderr.decode(), re.MULTILINE),
            expected=[json.loads(line) for line in expected],
        )

    return run


@pytest.fixture(scope="session")
def stream(generate):
    """A cluster's stream of 60 good records under 4 data keys."""
    options = ["--engine", "postgres", "--records", "60", "--instances", "2", "--rotations", "1"]
    return generate(*options, "--heartbeats", "10", "--events", "1-5")


@pytest.fixture
def aws(monkeypatch):
    """KMS and Kinesis, as boto3 finds them by itself; `front` counts requests and makes Decrypt fail."""
    front = Scripted()
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    import boto3

    reset = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    session = boto3.session.Session()
    clients = SimpleNamespace(front=front, kms=session.client("kms"), kinesis=session.client("kinesis"))
    yield clients
    clients.kms.close()
    clients.kinesis.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def kms_records(aws, stream):
    """The stream's records with their data keys encrypted by KMS, as Aurora's are; and the KMS key's id."""
    key_id = aws.kms.create_key()["KeyMetadata"]["KeyId"]
    blobs = {}
    for entry in json.loads(stream.keyring.read_text())["keys"]:
        plaintext = base64.b64decode(entry["plaintext"])
        blob = aws.kms.encrypt(KeyId=key_id, Plaintext=plaintext, EncryptionContext=entry["context"])
        blobs[entry["ciphertext"]] = base64.b64encode(blob["CiphertextBlob"]).decode()
    records = [json.loads(record) for record in stream.records]
    records = [json.dumps({**record, "key": blobs[record["key"]]}).encode() for record in records]
    return SimpleNamespace(records=records, key_id=key_id, data_keys=len(set(blobs.values())))
