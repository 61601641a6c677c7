"""A stub of Vector for configurations of http_server -> file and file -> http.

vector.py FAILURES CONFIG..: http_server answers as with acknowledgements on: 200 when the file sink has the events; the
first FAILURES requests are answered 500, as when a sink is away. The http sink posts batches of lines, tries 408, 429 and
5xx but 501 again, and drops a batch on every other answer, which ends this program with an error. What it does not know
in a configuration it refuses. It ends with the process that started it.
"""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

BATCH = 100


def only(section, *names):
    unknown = set(section) - set(names)
    assert not unknown, f"unknown: {unknown}"
    return section


def serve(source, path, failures):
    only(source, "type", "address", "path", "framing", "decoding")
    assert source["framing"] == {"method": "newline_delimited"} and source["decoding"] == {"codec": "json"}, source
    host, _, port = source["address"].partition(":")
    left, lock = [failures], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(self.take(body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def take(self, body):
            if self.path != source["path"]:
                return 404
            with lock:
                if left[0] > 0:
                    left[0] -= 1
                    return 500
                try:
                    events = [json.loads(line) for line in body.splitlines()]
                except ValueError:
                    return 400
                with open(path, "a") as out:
                    out.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
                return 200

    threading.Thread(target=ThreadingHTTPServer((host, int(port)), Handler).serve_forever, daemon=True).start()


def post(source, sink):
    only(source, "type", "include", "read_from", "max_line_bytes")
    only(sink, "type", "inputs", "uri", "method", "framing", "encoding", "batch", "request", "acknowledgements")
    assert sink["method"] == "post" and sink["encoding"] == {"codec": "text"}, sink
    lines = [line for path in source["include"] for line in open(path).read().splitlines()]
    for at in range(0, len(lines), BATCH):
        body = "\n".join(lines[at : at + BATCH]).encode()
        while not accepted(sink, body):
            time.sleep(0.2)


def accepted(sink, body):
    request = urllib.request.Request(sink["uri"], body, {"Content-Type": "text/plain"})
    try:
        with urllib.request.urlopen(request, timeout=sink["request"]["timeout_secs"]):
            return True
    except urllib.error.HTTPError as error:
        again = error.code in (408, 429) or (error.code >= 500 and error.code != 501)
        if not again:
            sys.exit(f"a batch is dropped: {error.code} {error.read()!r}")
    except urllib.error.URLError:
        pass
    return False


def main(failures, *files):
    sources, sinks = {}, {}
    for file in files:
        config = only(yaml.safe_load(open(file)), "data_dir", "sources", "sinks")
        sources |= config["sources"]
        sinks |= config["sinks"]
    for sink in sinks.values():
        (name,) = sink["inputs"]
        assert sink["acknowledgements"] == {"enabled": True}, sink
        if sources[name]["type"] == "http_server" and sink["type"] == "file":
            only(sink, "type", "inputs", "path", "encoding", "acknowledgements")
            serve(sources[name], sink["path"], failures)
    for sink in sinks.values():
        if sink["type"] == "http":
            post(sources[sink["inputs"][0]], sink)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
