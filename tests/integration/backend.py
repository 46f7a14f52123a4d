"""One backend program: python3 backend.py KIND PORT ADDRESS [ADDRESS …]

Serves KIND on each address at PORT, and prints "ready" when all of them listen. The kinds are the
functions of BEHAVIOURS: a well-behaved HTTP server, and the ways in which real ones fail.
"""

import json
import selectors
import socket
import struct
import sys
import threading
import time
from pathlib import Path

ANSWERS = Path(__file__).with_name("http_answers.jsonl")
PATIENCE = 30  # seconds for which a misbehaving backend goes on


def reply(connection, head, body=b""):
    connection.recv(65536)
    connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def ok(connection):
    """Answers 200 with its own address as the body."""
    reply(connection, b"HTTP/1.1 200 OK\r\n", connection.getsockname()[0].encode() + b"\n")


def redirect(connection):
    reply(connection, b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n")


def error500(connection):
    reply(connection, b"HTTP/1.1 500 Internal Server Error\r\n")


def silent(connection):
    """Takes the connection and says nothing until the other side has had enough."""
    connection.settimeout(PATIENCE)
    while connection.recv(65536):
        pass


def slow(connection):
    time.sleep(0.3)
    ok(connection)


def garbage(connection):
    connection.recv(65536)
    connection.sendall(b"\x00\xff\x17 220 mail.example ESMTP ready\r\n\r\n")


def endless_head(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1_000_000):
        connection.sendall(b"X-Header-%d: %s\r\n" % (number, b"x" * 1000))


def half(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def mail(connection):
    connection.sendall(b"220 mail.example ESMTP ready\r\n")
    silent(connection)


def mail_closed(connection):
    connection.sendall(b"554 mail.example no service\r\n")


def answers(connection):
    """Line N of ANSWERS at an address that ends in N."""
    number = int(connection.getsockname()[0].split(".")[-1])
    case = json.loads(ANSWERS.read_text().splitlines()[number - 1])
    connection.recv(65536)
    connection.sendall(case["sent"].encode("latin-1"))
    if case["then"] == "stay":
        silent(connection)
    if case["then"] == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


BEHAVIOURS = {
    behaviour.__name__: behaviour
    for behaviour in (
        ok, redirect, error500, silent, slow, garbage, endless_head, half, mail, mail_closed,
        answers,
    )  # fmt: skip
}


def serve(behaviour, connection):
    with connection:
        try:
            behaviour(connection)
        except OSError:
            pass  # the other side left, as checks do


def listener(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((address, port))
    opened.listen(1024)
    return opened


def main(kind, port, addresses):
    behaviour = BEHAVIOURS[kind]
    selector = selectors.DefaultSelector()
    for address in addresses:
        selector.register(listener(address, port), selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            connection, _ = key.fileobj.accept()
            threading.Thread(target=serve, args=(behaviour, connection), daemon=True).start()


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
