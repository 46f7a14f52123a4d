"""Holds many sockets: python3 held_sockets.py KIND ADDRESS PORT COUNT

Prints "holding" once all of them are connected. KIND is "tcp"; "alive" for such as send something each
300 ms, and get it back; "stubborn" for such as are connected anew when they end; or "udp". For each
SIGUSR1 it prints, as a line of JSON, how many have ended, when the first and the last, and how long
it took at most from one sending to the next.
"""

import contextlib
import json
import resource
import select
import signal
import socket
import sys
import time

PACE = 0.3


class Held:
    def __init__(self, kind, address, port, count):
        self.kind, self.where = kind, (address, port)
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.epoll = select.epoll()
        self.sockets = {}
        self.ended, self.first, self.last = 0, None, None
        self.sent_at, self.gap = None, 0.0
        for number in range(count):
            opened = self.open()
            # The server is not to fall behind, or its queue is full.
            if kind != "udp" and number % 500 == 0:
                opened.sendall(b"?")
                opened.recv(1)

    def open(self):
        kind = socket.SOCK_DGRAM if self.kind == "udp" else socket.SOCK_STREAM
        opened = socket.socket(self.family, kind)
        opened.connect(self.where)
        self.sockets[opened.fileno()] = opened
        self.epoll.register(opened, select.EPOLLIN)
        return opened

    def hold(self, turn):
        """Until that time, if there is any."""
        while turn is None or turn > time.monotonic():
            wait = None if turn is None else max(0, turn - time.monotonic())
            for number, _ in self.epoll.poll(wait):
                if not self.still_has(number):
                    self.end(number)

    def still_has(self, number):
        try:
            return bool(self.sockets[number].recv(64, socket.MSG_DONTWAIT))
        except OSError:
            return False

    def end(self, number):
        self.last = time.time()
        self.first = self.first or self.last
        self.ended += 1
        self.sockets.pop(number).close()
        if self.kind == "stubborn":
            self.open()

    def keep_alive(self):
        now = time.monotonic()
        self.gap = max(self.gap, now - (self.sent_at or now))
        self.sent_at = now
        for each in list(self.sockets.values()):
            with contextlib.suppress(OSError):  # its end is seen when it is read
                each.send(b"!")

    def tell(self):
        keys = ("ended", "first", "last", "gap")
        print(json.dumps({key: getattr(self, key) for key in keys}), flush=True)


def main(kind, address, port, count):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = Held(kind, address, int(port), int(count))
    signal.signal(signal.SIGUSR1, lambda *_: held.tell())
    print("holding", flush=True)
    while True:
        if kind == "alive":
            held.keep_alive()
        held.hold(time.monotonic() + PACE if kind == "alive" else None)


main(*sys.argv[1:])
