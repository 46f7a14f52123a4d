"""A client of a bus that speaks D-Bus itself: it calls as much, reads as little, as it likes."""

import os
import pwd
import socket
import struct
import threading


def dbus_string(value):
    """A string as D-Bus has it."""
    return struct.pack("<I", len(value)) + value + b"\0"


def padded(data, to=8):
    return data + b"\0" * (-len(data) % to)


def call(serial, member, signature, body, destination=b"org.hlb1", path=b"/org/hlb1",
         interface=b"org.hlb1.Manager"):  # fmt: skip
    """A method call, little-endian."""
    named = ((1, b"o", path), (2, b"s", interface), (3, b"s", member), (6, b"s", destination))
    fields = b""
    for code, kind, value in named:
        fields = padded(fields) + bytes([code, 1]) + kind + b"\0" + dbus_string(value)
    fields = padded(fields) + b"\x08\1g\0" + bytes([len(signature)]) + signature + b"\0"
    head = b"l\1\0\1" + struct.pack("<III", len(body), serial, len(fields)) + fields
    return padded(head) + body


# Where GetManagedObjects is called.
OBJECTS = (b"org.hlb1", b"/org/hlb1", b"org.freedesktop.DBus.ObjectManager")


class Client:
    """A connection to the bus, as this user."""

    def __init__(self, at, user="root"):
        self.serial = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        os.seteuid(pwd.getpwnam(user).pw_uid)
        try:
            self.socket.connect(str(at))
        finally:
            os.seteuid(0)
        self.socket.sendall(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")
        self.file = self.socket.makefile("rb", buffering=1 << 20)
        while self.file.readline() != b"DATA\r\n":
            pass
        assert self.file.readline().startswith(b"OK ")
        at_the_bus = (b"org.freedesktop.DBus", b"/org/freedesktop/DBus", b"org.freedesktop.DBus")
        self.ask(b"Hello", b"", b"", *at_the_bus)

    def send(self, *words):
        self.serial += 1
        self.socket.sendall(call(self.serial, *words))

    def answer(self):
        """The kind (2: results, 3: an error) and the bytes of the next answer."""
        while True:
            order, kind, _, _, body, _, fields = struct.unpack("<4B3I", self.file.read(16))
            assert order == ord("l")
            rest = self.file.read(len(padded(b"\0" * fields)) + body)
            if kind in (2, 3):
                return kind, rest

    def ask(self, *words):
        self.send(*words)
        return self.answer()

    def close(self):
        self.file.close()
        self.socket.close()


class Siege:
    """Clients of which each asks for all objects, again and again, until the end."""

    def __init__(self, at, clients, user="nobody"):
        self.answers = 0
        self.bytes = 0
        self.ending = threading.Event()
        self.clients = [Client(at, user) for _ in range(clients)]
        self.threads = [threading.Thread(target=self.ask, args=[each]) for each in self.clients]

    def ask(self, client):
        try:
            while not self.ending.is_set():
                kind, answer = client.ask(b"GetManagedObjects", b"", b"", *OBJECTS)
                self.answers += kind == 2
                self.bytes = len(answer)
        except (OSError, struct.error, ValueError):
            pass  # the bus, or hlbd, has gone

    def __enter__(self):
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for each in self.threads:
            each.join()
        for each in self.clients:
            each.close()
