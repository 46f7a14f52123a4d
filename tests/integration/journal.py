"""The journal's end of its socket: takes what hlbd sends, and the entries apart."""

import contextlib
import os
import socket
import struct
from pathlib import Path

PATH = Path("/run/systemd/journal/socket")


def parse(entry):
    """The fields of one entry (systemd.io/JOURNAL_NATIVE_PROTOCOL): NAME=value, or NAME and the
    size of a value of any bytes."""
    fields = {}
    while entry:
        line, _, rest = entry.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,) = struct.unpack_from("<Q", rest)
            value, rest = rest[8 : 8 + size], rest[8 + size + 1 :]
        fields[name.decode()] = value.decode()
        entry = rest
    return fields


class Journal:
    """In the journal's place, which the private /run leaves free."""

    def __init__(self):
        PATH.parent.mkdir(parents=True, exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(PATH))
        self.socket.setblocking(False)
        self.entries = []

    def all(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.entries.append(parse(self.socket.recv(1 << 20)))
        return self.entries

    def find(self, **fields):
        """What journalctl NAME=value … shows."""
        return [each for each in self.all() if fields.items() <= each.items()]

    def close(self):
        self.socket.close()
        PATH.unlink()


def stream_of(path):
    """$JOURNAL_STREAM, as systemd sets it, if that file were the journal's stream."""
    status = os.stat(path)
    return f"{status.st_dev}:{status.st_ino}"
