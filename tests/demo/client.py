"""The clients of the demo: python3 client.py CLIENT[,CLIENT …] in-turn COUNT | steadily SECONDS

Each of the named clients (curl, first, lookups) makes COUNT requests, one after another, or RATE
requests a second for SECONDS (lookups: one every 3 ms). Prints all that happened, as JSON: for each
client a list of [monotonic time, what came of it, seconds it took]; a failed request gives null.
"""

import json
import socket
import subprocess
import sys
import threading
import time

NAME, PORT = "my-awesome-highload-app.local", 8082
RATE = 20
URL = f"http://{NAME}:{PORT}/"


def curl():
    """Unmodified curl, by hostname. It tries the next address by itself when one refuses."""
    done = subprocess.run(
        ["curl", "--silent", "--max-time", "2", URL], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def first():
    """A program that connects to the first address that getaddrinfo gives, as many do."""
    try:
        family, kind, protocol, _, address = lookup()[0]
        with socket.socket(family, kind, protocol) as connection:
            connection.settimeout(2)
            connection.connect(address)
            connection.sendall(f"GET / HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode())
            with connection.makefile("r") as response:
                return response.read().split()[-1]
    except (OSError, IndexError):
        return None


def lookup():
    return socket.getaddrinfo(NAME, PORT, type=socket.SOCK_STREAM)


def lookups():
    try:
        return [found[4][0] for found in lookup()]
    except OSError:
        return None


def once(client, events):
    begun = time.monotonic()
    outcome = client()
    events.append((begun, outcome, time.monotonic() - begun))


def look_up_repeatedly(end, events):
    while time.monotonic() < end:
        once(lookups, events)
        time.sleep(0.003)


def request_steadily(client, rate, begin, end, events):
    """Each request on a thread of its own, so that slow ones don't hold up the next."""
    threads = []
    for number in range(round((end - begin) * rate)):
        time.sleep(max(0, begin + number / rate - time.monotonic()))
        threads.append(threading.Thread(target=once, args=(client, events)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    events.sort(key=lambda event: event[0])


def request_in_turn(client, count, events):
    for _ in range(count):
        once(client, events)


def job(name, how, amount, events):
    """The thread that does what one client was asked for."""
    begin = time.monotonic()
    client = {"curl": curl, "first": first, "lookups": lookups}[name]
    if how == "in-turn":
        return threading.Thread(target=request_in_turn, args=(client, amount, events))
    if name == "lookups":
        return threading.Thread(target=look_up_repeatedly, args=(begin + amount, events))
    return threading.Thread(
        target=request_steadily, args=(client, RATE, begin, begin + amount, events)
    )


def main(names, how, amount):
    events = {name: [] for name in names}
    threads = [job(name, how, amount, events[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(events, sys.stdout)


if __name__ == "__main__":
    try:
        main(sys.argv[1].split(","), sys.argv[2], int(sys.argv[3]))
    except KeyboardInterrupt:
        sys.exit(130)
