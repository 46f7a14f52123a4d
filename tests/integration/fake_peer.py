"""Something else than hlbd at /run/hlb/bus.

fake_peer.py messages   sends small messages that answer nothing, without end
fake_peer.py dribble    announces a long reply and sends a byte of it now and then
fake_peer.py full       never accepts, and has its backlog full
"""

import socket
import struct
import sys
import time

PATH = "/run/hlb/bus"


def header(body_length):
    """Of a method return to nobody's call, little-endian."""
    return struct.pack("<cBBBIII", b"l", 2, 0, 1, body_length, 1, 0)


def send_for_ever(client, start, chunk, pause=0.0):
    client.recv(4096)
    try:
        client.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n" + start)
        while True:
            client.sendall(chunk)
            time.sleep(pause)
    except OSError:
        pass  # whoever asked has left


def main(kind):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(PATH)
    server.listen(0 if kind == "full" else 64)
    if kind == "full":
        waiting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        waiting.connect(PATH)
        print("ready", flush=True)
        time.sleep(3600)
    print("ready", flush=True)
    while True:
        client, _ = server.accept()
        if kind == "dribble":
            send_for_ever(client, header(200_000), b"x", 0.0005)
        else:
            send_for_ever(client, b"", 64 * header(0))


main(sys.argv[1])
