"""A stub of Redpanda Connect for configurations of one shape: file -> subprocess or http -> unarchive -> switch of files.

connect.py CONFIG: runs the configuration to the end of its input. The subprocess processor behaves as the engine's does:
one child for each thread, one message at a time; a line out, then a line in of at most max_buffer bytes; anything on
standard error while it waits fails the message, which passes on unchanged and flagged; a child that ends is started
again with the next message. The http processor posts a message and takes the answer's body in its place; an answer of
429 or 5xx is tried again. What it does not know in a configuration it refuses.
"""

import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import yaml

# Of a processor: what follows it, and the path that only a record that failed has.
FOLLOWS = {
    "subprocess": ([{"unarchive": {"format": "json_array"}}], "dastap_error"),
    "http": (
        [{"unarchive": {"format": "lines"}}, {"mapping": "root = if content().length() == 0 { deleted() }"}],
        "error.stage",
    ),
}


class Failed(Exception):
    pass


class Child:
    """What the engine starts for one thread."""

    def __init__(self, name, args, max_buffer=65536):
        self.command, self.most, self.process, self.read = [name, *args], max_buffer, None, b""

    def ask(self, message):
        if b"\n" in message:
            raise Failed("a message of several lines")
        if self.process is None:
            pipe = subprocess.PIPE
            self.process, self.read = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, stderr=pipe), b""
        try:
            self.process.stdin.write(message + b"\n")
            self.process.stdin.flush()
            return self.answer()
        except (BrokenPipeError, EOFError) as error:
            self.end()
            raise Failed("the child ended") from error

    def answer(self):
        out, err = self.process.stdout.fileno(), self.process.stderr.fileno()
        while b"\n" not in self.read:
            if len(self.read) >= self.most:
                self.end()
                raise Failed("the answer is longer than max_buffer")
            ready, _, _ = select.select([out, err], [], [])
            if err in ready and (complaint := os.read(err, 65536)):
                raise Failed(f"standard error: {complaint!r}")
            if out in ready:
                chunk = os.read(out, 65536)
                if not chunk:
                    raise EOFError
                self.read += chunk
        line, self.read = self.read.split(b"\n", 1)
        if self.read:
            raise Failed("more than one line for one")
        return line

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


class Service:
    """What the http processor asks."""

    def __init__(self, url, verb, timeout, retries):
        assert verb == "POST" and timeout.endswith("s"), (verb, timeout)
        self.url, self.timeout, self.retries = url, int(timeout[:-1]), retries

    def ask(self, message):
        for _ in range(self.retries + 1):
            try:
                with urllib.request.urlopen(urllib.request.Request(self.url, message), timeout=self.timeout) as answer:
                    return answer.read()
            except urllib.error.HTTPError as error:
                if error.code != 429 and error.code < 500:
                    raise Failed(f"answered {error.code}") from error
            except urllib.error.URLError:
                pass
            time.sleep(1)
        raise Failed("no answer")

    def close(self):
        pass


def exists(part, path):
    for name in path.split("."):
        if not isinstance(part, dict) or name not in part:
            return False
        part = part[name]
    return True


def parts(kind, answer):
    """The messages that unarchive makes of an answer."""
    return json.loads(answer) if kind == "subprocess" else [json.loads(line) for line in answer.splitlines() if line]


def take(section, *names):
    """The values of a section that has these members, in this order, and no others."""
    found = set(section) - set(names)
    assert not found, f"unknown: {found}"
    return [section.get(name) for name in names]


def main(path):
    source, pipeline, output = take(yaml.safe_load(open(path)), "input", "pipeline", "output")
    (file,) = take(source, "file")
    paths, _scanner = take(file, "paths", "scanner")
    threads, (first, *others) = take(pipeline, "threads", "processors")
    ((kind, settings),) = first.items()
    follows, mark = FOLLOWS[kind]
    assert others == follows, others
    failed, good = output["switch"]["cases"]
    assert failed["check"] == f'errored() || this.exists("{mark}")' and "check" not in good, output
    sinks = {True: open(failed["output"]["file"]["path"], "ab"), False: open(good["output"]["file"]["path"], "ab")}

    messages, lock = queue.Queue(), threading.Lock()
    for path in paths:
        for line in open(path, "rb"):
            messages.put(line.rstrip(b"\n"))

    def run():
        child = Child(**settings) if kind == "subprocess" else Service(**settings)
        while True:
            try:
                message = messages.get_nowait()
            except queue.Empty:
                return child.close()
            try:
                made = parts(kind, child.ask(message))
                lines = [(json.dumps(part, ensure_ascii=False).encode(), exists(part, mark)) for part in made]
            except Failed as error:
                print(error, file=sys.stderr, flush=True)
                lines = [(message, True)]
            with lock:
                for line, fails in lines:
                    sinks[fails].write(line + b"\n")

    workers = [threading.Thread(target=run) for _ in range(threads)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    [sink.close() for sink in sinks.values()]


if __name__ == "__main__":
    main(sys.argv[1])
