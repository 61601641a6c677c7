"""A loopback port whose server can go away and come back, and the conversation of a peer with its test."""

import json
import socket
import sys
import threading


class Port:
    """`make` gives the server of a socket. While it is away, connections are refused, and nobody else gets the port."""

    def __init__(self, make):
        self.make = make
        self.socket = bound(0)
        self.number = self.socket.getsockname()[1]
        self.open()

    def open(self):
        self.socket.listen(128)
        self.server = self.make(self.socket)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        # The next one has the port before this one leaves it: else a connection of another process may take it.
        last, self.socket = self.socket, bound(self.number)
        last.close()


def bound(port):
    it = socket.socket()
    it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    it.bind(("127.0.0.1", port))
    return it


def converse(service, hello, default=None):
    """Says hello, then answers each line of stdin, {"do": name, ..}, with what the service's method of this name gives,
    until stdin ends: so no server outlives the test that started it."""
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(service, request["do"])(request) or {}, default=default), flush=True)
