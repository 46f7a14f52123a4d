"""The demo: two web servers behind one hostname, killed and started again, watched by real clients.

The same clients run on two sides at once: one asks hlb (`hosts: files hlb dns`), the other dnsmasq
alone (`hosts: files dns`), which has both addresses for the same name. All of it is inside the
namespaces of tests/integration/world, where everything ends with this program.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from client import NAME, PORT, RATE, URL

ONE, TWO = "127.0.0.1", "127.0.0.2"
HERE = Path(__file__).parent
SAMPLE_CONFIG = HERE.parents[1] / "hlbd/data/hlbd.toml"
FOLDER = Path("/run/demo")
AFTER = 4  # seconds for which a change is watched
# Like `python3 -m http.server`, which lets five connections wait: a sixth is delayed by a second.
SERVE = f"""
import functools, http.server, sys
address, page = sys.argv[1:]
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=page)
Server((address, {PORT}), handler).serve_forever()
"""


def start(*command, log="log", **options):
    """Starts a program, which ends with the world's process namespace at the latest."""
    with open(FOLDER / log, "ab") as output:
        return subprocess.Popen(
            [str(each) for each in command], stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, **options,
        )  # fmt: skip


def until(condition, what, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"demo: not within {seconds} s: {what}; {FOLDER}/log:\n" + log_tail())
        time.sleep(0.005)


def log_tail():
    return "\n".join(path.read_text()[-2000:] for path in FOLDER.glob("*log"))


def listens(address, port):
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


# ---- what is put up ----------------------------------------------------------------------------


class WebServer:
    """Python's own, on one address, with a page that names the address."""

    def __init__(self, address):
        self.address = address
        self.page = FOLDER / address
        self.page.mkdir()
        (self.page / "index.html").write_text(address + "\n")
        self.start()

    def start(self):
        """Returns when it takes connections, with that time."""
        command = [sys.executable, "-c", SERVE, self.address, self.page]
        self.process = start(*command, log="web.log")
        until(lambda: listens(self.address, PORT), f"a web server on {self.address}")
        return time.monotonic()

    def kill(self):
        self.process.kill()
        killed = time.monotonic()
        self.process.wait()
        return killed


def start_dnsmasq():
    # It may not change its groups where an ordinary user is root: so it is given none.
    start(
        "/usr/sbin/dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--user=root",
        "--group=", "--pid-file=", "--log-facility=-", "--no-resolv", "--no-hosts",
        "--bind-interfaces", "--listen-address=127.0.0.53",
        f"--address=/{NAME}/{ONE}", f"--address=/{NAME}/{TWO}",
    )  # fmt: skip
    until(lambda: listens("127.0.0.53", 53), "dnsmasq")


def start_hlbd(build):
    runtime = Path("/run/hlb")
    runtime.mkdir()
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(str(FOLDER / "notify"))
    ready.settimeout(10)
    command = [build / "hlbd", "--config", SAMPLE_CONFIG, "--runtime-dir", runtime]
    command += ["--state-dir", FOLDER / "state", "--bus", "none"]
    start(*command, log="hlbd.log", env={**os.environ, "NOTIFY_SOCKET": str(FOLDER / "notify")})
    while b"READY=1" not in ready.recv(4096):
        pass


class Side:
    """Where clients run: with a hosts line of their own."""

    def __init__(self, sources, build):
        self.settings = FOLDER / ("nsswitch-" + sources.replace(" ", "-"))
        self.settings.write_text(f"hosts: {sources}\n")
        self.env = {**os.environ, "LD_LIBRARY_PATH": str(build)}

    def client(self, *command):
        enter = 'mount --bind "$0" /etc/nsswitch.conf && exec "$@"'
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", enter, self.settings, *map(str, command)],
            env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


class Clients:
    """The same clients on all sides at once, and then what happened on each."""

    def __init__(self, sides, names, *how):
        command = [sys.executable, "-B", HERE / "client.py", names, *how]
        self.running = [side.client(*command) for side in sides]
        self.seen = []

    def events(self):
        for client in self.running:
            output, errors = client.communicate()
            if client.returncode != 0:
                sys.exit(f"demo: a client failed:\n{errors}")
            self.seen.append(json.loads(output))
        return self.seen


# ---- what is measured --------------------------------------------------------------------------


def row(label, values):
    """One line of the account: what it is, and both sides' figures."""
    print(f"  {label:<48}{values[0]:<20}{values[1]}".rstrip(), flush=True)


def title(text):
    print(text, flush=True)


def seconds(value):
    return f"{value:.2f} s"


def share(events):
    counts = Counter(outcome for _, outcome, _ in events)
    failed = f", {counts[None]} failed" if counts[None] else ""
    return f"{counts[ONE]} / {counts[TWO]}{failed}"


def failures(events, since):
    later = [outcome for begun, outcome, _ in events if begun >= since]
    return f"{later.count(None)} of {len(later)}"


def slowest(events, since):
    return seconds(max(taken for begun, _, taken in events if begun >= since))


def left_out(events, address, since):
    """How long after `since` lookups still gave the address."""
    times = [begun for begun, found, _ in events if begun >= since and address in (found or [])]
    if times and events[-1][0] - times[-1] < 0.5:
        return f"never, in {events[-1][0] - since:.1f} s"
    return seconds(max(times, default=since) - since)


def back_in(events, address, since):
    """How long after `since` lookups gave the address for the first time."""
    times = [begun for begun, found, _ in events if address in (found or [])]
    if not times:
        return f"never, in {events[-1][0] - since:.1f} s"
    return seconds(times[0] - since) if times[0] > since else "it was never left out"


def show_spread(sides):
    title("Both servers up")
    clients = Clients(sides, "curl,first", "in-turn", 200).events()
    for name, label in (("curl", "200 × curl"), ("first", "200 × first address")):
        row(f"{label}: by .1 / by .2", [share(events[name]) for events in clients])


def show_death(sides, server):
    title(f"{server.address} killed with SIGKILL, under {RATE} requests a second of each client")
    clients = Clients(sides, "lookups,curl,first", "steadily", AFTER + 1)
    time.sleep(1)
    killed = server.kill()
    seen = clients.events()
    gone = [left_out(each["lookups"], server.address, killed) for each in seen]
    row("lookups left it out after", gone)
    row("curl: failed after the kill", [failures(each["curl"], killed) for each in seen])
    row("curl: slowest after the kill", [slowest(each["curl"], killed) for each in seen])
    row("first address: failed after the kill", [failures(each["first"], killed) for each in seen])


def show_return(sides, server):
    title(f"{server.address} started again")
    clients = Clients(sides, "lookups", "steadily", AFTER)
    listening = server.start()
    again = [back_in(each["lookups"], server.address, listening) for each in clients.events()]
    row("lookups gave it again after", again)


def show_both_dead(sides, servers):
    title("Both killed: after 3 s curl says")
    for server in servers:
        server.kill()
    time.sleep(3)
    for side, label in zip(sides, ("hlb", "dnsmasq")):
        client = side.client("curl", "-sS", "--max-time", 5, URL)
        _, message = client.communicate()
        print(f"  {label:<9} exit status {client.returncode}, {message.strip()}", flush=True)


def play(build):
    begun = time.monotonic()
    FOLDER.mkdir()
    start_dnsmasq()
    servers = [WebServer(ONE), WebServer(TWO)]
    start_hlbd(build)
    sides = [Side("files hlb dns", build), Side("files dns", build)]

    print(f"Two web servers, {ONE} (.1) and {TWO} (.2), behind {URL}\n")
    row("", ["files hlb dns", "files dns"])
    row("", ["(hlbd)", "(dnsmasq, both addresses)"])
    show_spread(sides)
    for server in servers:
        show_death(sides, server)
        show_return(sides, server)
    show_both_dead(sides, servers)
    print(
        "\nglibc sorts what DNS answers, here 127.0.0.1 first each time: .2 gets nothing, and who"
        "\ntakes the first address depends on .1 alone. curl tries the next address when one refuses."
        f"\nAll of it took {time.monotonic() - begun:.0f} s, in namespaces of its own."
    )


def main(playing):
    """Plays with the programs in the folder that the command line names."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        playing(Path(sys.argv[1]))
    except KeyboardInterrupt:
        print("\ndemo: interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main(play)
