"""siege.py SECONDS: what a hostile user does to hlbd's socket, all at once, for so long.

Thousands of connections; messages of which no more comes; bytes one by one; messages that claim to
be huge; floods that never read the reply. Prints "besieging" when all of it goes on, then the sum.
"""

import itertools
import os
import socket
import struct
import sys
import threading
import time

SOCKET = "/run/hlb/bus"
END = time.monotonic() + float(sys.argv[1])
AUTH = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"
counts = {}


def header(body, fields=16):
    """Of a D-Bus call that claims these lengths."""
    return struct.pack("<cBBBIII", b"l", 1, 0, 1, body, 1, fields)


def connect():
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(1)
    connection.connect(SOCKET)
    return connection


def until_the_end(attack):
    """Attacks again and again; being turned away is what is expected."""
    while time.monotonic() < END:
        try:
            attack()
            counts[attack.__name__] = counts.get(attack.__name__, 0) + 1
        except OSError:
            time.sleep(0.001)


def many():
    held = []
    for _ in range(400):
        held.append(connect())
    time.sleep(0.2)
    for connection in held:
        connection.close()


def half():
    connection = connect()
    connection.sendall(AUTH + header(64)[:9])
    connection.recv(4096)
    time.sleep(0.05)


def slowly():
    connection = connect()
    for byte in itertools.cycle(AUTH):
        connection.sendall(bytes([byte]))
        time.sleep(0.01)


def huge():
    connection = connect()
    connection.sendall(AUTH + header(0x07FFFFFF, 0x03FFFFFF) + os.urandom(65536))
    connection.sendall(os.urandom(1 << 20))


def deaf():
    connection = connect()
    call = header(0)
    while time.monotonic() < END:
        connection.sendall(AUTH + call * 1000)


threads = [
    threading.Thread(target=until_the_end, args=[attack])
    for attack in (many, many, many, half, half, slowly, slowly, huge, huge, deaf, deaf)
]
for thread in threads:
    thread.start()
print("besieging", flush=True)
for thread in threads:
    thread.join()
print(counts)
