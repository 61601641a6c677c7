"""A log service on a loopback port that fails as it is told, and a client; driven by one JSON request a line.

The first line on stdout is {"endpoint": url, "ca": path or null}; with the argument `tls` and a folder it speaks TLS under
a certificate of its own, made there (ca.pem, key.pem). Then, one answer a request on stdin:
{"do": "behave", "format": text, "steps": [{"status": 429, "retryAfter": 1} | {"reset": true} | {"sleep": 2}], "poison": [eventId]}
    -> {}    (each step is used up by one request; a request with a poisonous event is refused as the format has it)
{"do": "hold"} / {"do": "release"} -> {}    (requests wait in between)
{"do": "delay", "seconds": 0.1} -> {}    (each request takes so much longer from now on)
{"do": "close"} / {"do": "open"} -> {}    (in between, connections are refused, and those that are there are cut)
{"do": "count"} -> {"accepted": n}    (different events)
{"do": "received"} -> {"accepted": [event text], "requests": [{"path", "headers", "status", "at"}]}
{"do": "post", "url": .., "headers": {}, "body": base64, "ca": path or null} -> {"status", "headers", "body"}
"""

import base64
import datetime
import gzip
import ipaddress
import json
import pathlib
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

from port import Port, converse


def event_id(text):
    return json.loads(text)["eventId"]


def lines_of(body):
    """Python's own splitlines would also split at line ends of Unicode, which may stand in JSON."""
    return body.removesuffix("\n").split("\n")


def events_of(format, body):
    """The events in a request, each as the text that stands in it."""
    if format == "ndjson":
        return lines_of(body)
    if format == "json":
        return [json.dumps(event) for event in json.loads(body)]
    if format == "splunk":
        found, decoder, at = [], json.JSONDecoder(), 0
        while body[at:].strip():
            value, at = decoder.raw_decode(body, at)
            at += len(body[at:]) - len(body[at:].lstrip())
            found.append(json.dumps(value["event"]))
        return found
    if format == "elasticsearch":
        lines = lines_of(body)
        for action, event in zip(lines[::2], lines[1::2], strict=True):
            assert json.loads(action)["create"]["_id"] == event_id(event), "an action is of its event"
        return lines[1::2]
    if format == "otlp":
        [resource] = json.loads(body)["resourceLogs"]
        [scope] = resource["scopeLogs"]
        return [record["body"]["stringValue"] for record in scope["logRecords"]]
    if format == "datadog":
        logs = json.loads(body)
        assert 0 < len(logs) <= 1000, "as many as the intake takes"
        for log in logs:
            event = json.loads(log["message"])
            assert log["ddsource"] == "dastap" and log["ddtags"] == "route:default" and type(log["timestamp"]) is int, log
            assert (log["service"], log["hostname"]) == ("database-activity", event["instanceId"]), log
        return [log["message"] for log in logs]
    if format == "loki":
        values = []
        for stream in json.loads(body)["streams"]:
            assert all(isinstance(label, str) for label in stream["stream"].values()), stream
            for nanoseconds, line, metadata in stream["values"]:
                assert len(str(int(nanoseconds))) == 19 and metadata == {"eventId": event_id(line)}, stream
                values.append(line)
        return values
    raise ValueError(format)


class Service:
    """What it has been sent, what it does about it, and what a test asks for, by name."""

    def __init__(self, tls):
        self.is_away, self.seconds = False, 0
        self.lock = threading.Lock()
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.format, self.steps, self.poison = "ndjson", [], set()
        self.accepted, self.requests, self.ids, self.seen = [], [], set(), 0
        self.port = Port(lambda socket: server(self, socket, tls))

    def behave(self, request):
        with self.lock:
            self.format, self.steps = request["format"], request["steps"]
            self.poison = set(request["poison"])

    def hold(self, _):
        self.open_gate.clear()

    def release(self, _):
        self.open_gate.set()

    def delay(self, request):
        self.seconds = request["seconds"]

    def close(self, _):
        with self.lock:
            self.is_away = True
        self.port.close()

    def open(self, _):
        with self.lock:
            self.is_away = False
        self.port.open()

    def count(self, _):
        return {"accepted": len(self.ids)}

    def received(self, _):
        with self.lock:
            return {"accepted": self.accepted, "requests": self.requests}

    def post(self, request):
        return post(request)

    def judge(self, events):
        """Status and answer for a request that no step concerned."""
        ids = [event_id(event) for event in events]
        poisonous = [event for event, its in zip(events, ids) if its in self.poison]
        if self.format == "elasticsearch":
            return 200, {"errors": True, "items": [self.item(event) for event in events]}
        if self.format == "otlp":
            self.accepted += [event for event in events if event not in poisonous]
            return 200, {"partialSuccess": {"rejectedLogRecords": str(len(poisonous)), "errorMessage": "as the test wants it"}}
        if poisonous:
            return 400, {"text": "Invalid data format", "code": 6}
        self.accepted += events
        self.ids.update(ids)
        if self.format == "datadog":
            return 202, {}
        if self.format == "loki":
            return 204, None
        return 200, {"text": "Success", "code": 0}

    def item(self, event):
        self.seen += 1
        if event_id(event) in self.poison:
            return {"create": {"status": 400, "error": {"type": "document_parsing_exception"}}}
        if event_id(event) in self.ids:
            return {"create": {"status": 409, "error": {"type": "version_conflict_engine_exception"}}}
        if self.seen % 5 == 0:
            return {"create": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}}
        self.ids.add(event_id(event))
        self.accepted.append(event)
        return {"create": {"status": 201}}


def handler(service):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            service.open_gate.wait()
            time.sleep(service.seconds)
            with service.lock:
                step = {"reset": True} if service.is_away else service.steps.pop(0) if service.steps else {}
                status, answer, headers = step.get("status"), {}, {}
                sent = {name.lower(): value for name, value in self.headers.items()}
                if not step:
                    status, answer = service.judge(events_of(service.format, body.decode()))
                service.requests.append(
                    {"path": self.path, "headers": sent, "status": status, "at": time.monotonic()}
                )
            if "reset" in step:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            time.sleep(step.get("sleep", 0))
            if "retryAfter" in step:
                headers["Retry-After"] = str(step["retryAfter"])
            text = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status or 503)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            if answer is not None:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    return Handler


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that has gone is part of the tests."""


def server(service, socket, tls):
    it = Quiet(socket.getsockname(), handler(service), bind_and_activate=False)
    it.socket.close()
    it.socket = tls.wrap_socket(socket, server_side=True) if tls else socket
    return it


def certificate(folder):
    """A certificate for loopback that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "dastap test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "ca.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return paths


def post(request):
    """As any client would."""
    pool = urllib3.PoolManager(ca_certs=request["ca"]) if request["ca"] else urllib3.PoolManager()
    method = "POST" if request["body"] is not None else "GET"
    body = base64.b64decode(request["body"]) if request["body"] is not None else None
    try:
        answer = pool.request(method, request["url"], body=body, headers=request["headers"], retries=False, timeout=60)
    except urllib3.exceptions.HTTPError as error:
        return {"status": 0, "headers": {}, "body": repr(error)}
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {"status": answer.status, "headers": headers, "body": answer.data.decode()}


def main():
    tls, ca = None, None
    if sys.argv[1:2] == ["tls"]:
        ca, key = certificate(pathlib.Path(sys.argv[2]))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(ca, key)
    service = Service(tls)
    endpoint = f"{'https' if tls else 'http'}://127.0.0.1:{service.port.number}"
    converse(service, {"endpoint": endpoint, "ca": ca and str(ca)})


if __name__ == "__main__":
    main()
