"""The demo of a fleet: five hosts follow three etcds, which are killed, while programs look a name up.

Each host has an hlbd and a /run/hlb of its own, and a program that looks the name up all the time. All
of it is inside the namespaces of tests/integration/world, where everything ends with this program.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from play import FOLDER, HERE, PORT, WebServer, main, start, title, until

NAME = "shop.internal"
BACKENDS = ["127.0.1.1", "127.0.1.2", "127.0.1.3"]
MEMBERS = ["127.0.10.1", "127.0.10.2", "127.0.10.3"]
ENDPOINTS = [f"http://{address}:2379" for address in MEMBERS]
HOSTS = 5
CONFIG = FOLDER / "hlbd.toml"
CONFIGURATION = f"""[fleet]
etcd = {json.dumps(ENDPOINTS)}
names = ["*.internal"]
allow = ["127.0.0.0/8"]
"""
WATCHED = 3  # seconds


# ---- what is put up ----------------------------------------------------------------------------


class Etcd:
    """One of the three."""

    def __init__(self, number):
        self.number = number
        self.start()

    def start(self):
        address, name = MEMBERS[self.number], f"etcd{self.number + 1}"
        client, peer = f"http://{address}:2379", f"http://{address}:2380"
        everybody = ",".join(f"etcd{number + 1}=http://{each}:2380" for number, each in enumerate(MEMBERS))
        self.process = start(
            "etcd", "--name", name, "--data-dir", FOLDER / name, "--auto-compaction-retention", "1h",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", everybody, log="etcd.log",
        )  # fmt: skip

    def kill(self):
        self.process.kill()
        self.process.wait()


def etcdctl(*words):
    command = ["etcdctl", "--endpoints", ",".join(ENDPOINTS), "--dial-timeout=1s", *words]
    return subprocess.run(command, env={**os.environ, "ETCDCTL_API": "3"}, capture_output=True, check=False)


def etcd_serves():
    until(lambda: etcdctl("get", "/hlb/1/c/accept").returncode == 0, "etcd", 30)


def leader():
    told = json.loads(etcdctl("endpoint", "status", "-w", "json").stdout)
    leading = [each["Endpoint"] for each in told
               if each["Status"]["leader"] == each["Status"]["header"]["member_id"]]  # fmt: skip
    return ENDPOINTS.index(leading[0])


def put(key, **fields):
    if etcdctl("put", f"/hlb/1/c/{key}", json.dumps({"v": 1, **fields})).returncode != 0:
        sys.exit(f"demo: etcd doesn't take {key}")


class Host:
    """An hlbd, and what a program beside it gets: a list of times and sets of addresses."""

    def __init__(self, number, build):
        self.name, self.build = f"host{number + 1}", build
        self.runtime, self.state = FOLDER / self.name / "run", FOLDER / self.name / "state"
        self.runtime.mkdir(parents=True)
        self.start()
        enter = 'mount --bind "$0" /run/hlb && exec "$@"'
        self.program = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", enter, str(self.runtime),
             sys.executable, "-B", str(HERE / "watcher.py"), NAME],
            env={**os.environ, "LD_LIBRARY_PATH": str(build)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.seen = []
        threading.Thread(target=self.read, daemon=True).start()

    def start(self):
        """Returns how long it took until READY."""
        begun = time.monotonic()
        ready = FOLDER / self.name / "notify"
        ready.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(ready))
            notify.settimeout(10)
            command = [self.build / "hlbd", "--config", CONFIG, "--runtime-dir", self.runtime]
            command += ["--state-dir", self.state, "--bus", "none"]
            self.hlbd = start(*command, log="hlbd.log", env={**os.environ, "NOTIFY_SOCKET": str(ready)})
            while b"READY=1" not in notify.recv(4096):
                pass
        return time.monotonic() - begun

    def stop(self):
        self.hlbd.terminate()
        self.hlbd.wait()

    def read(self):
        for line in self.program.stdout:
            at, *addresses = line.split()
            self.seen.append((float(at), addresses))


def hlbctl(build, *words):
    done = subprocess.run(
        [build / "hlbctl", "--config", CONFIG, *words], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"demo: hlbctl {' '.join(words)}: {done.stderr}")
    return done.stdout


# ---- what is measured --------------------------------------------------------------------------


def row(label, value):
    print(f"  {label:<58}{value}", flush=True)


def milliseconds(time_span):
    return f"{1000 * time_span:.0f} ms"


def first_time(host, addresses, since):
    return next((at for at, found in host.seen if at >= since and found == addresses), None)


def everywhere(hosts, addresses, since):
    """How long after `since` all hosts gave just these addresses."""
    until(lambda: all(first_time(host, addresses, since) for host in hosts), f"{addresses} on all hosts")
    return milliseconds(max(first_time(host, addresses, since) - since for host in hosts))


def lookups(hosts, since):
    found = [addresses for host in hosts for at, addresses in host.seen if at >= since]
    return f"{len(found)} lookups, {found.count([])} failed"


# ---- the account -------------------------------------------------------------------------------


def show_service(hosts):
    title("A service is put into etcd")
    for address in BACKENDS:
        put(f"b/{NAME}/{address}")
    since = time.monotonic()
    put(f"s/{NAME}", check={"type": "http", "port": PORT, "interval": "500ms"})
    row("all five hosts check it, and answer with it, after", everywhere(hosts, BACKENDS, since))


def drain(build, hosts, left, *words):
    """Drains, or clears; nobody is asked but etcd."""
    since = time.monotonic()
    hlbctl(build, *words, "--fleet")
    row(f"hlbctl {' '.join(words)} --fleet: everywhere after", everywhere(hosts, left, since))


def show_drain(build, hosts):
    one, *others = BACKENDS
    title("A drain for all hosts")
    drain(build, hosts, others, "drain", one)
    drain(build, hosts, BACKENDS, "clear", one)


def show_one_killed(build, hosts, members):
    one, *others = BACKENDS
    title("One etcd of three is killed: the one that leads")
    since = time.monotonic()
    members[leader()].kill()
    drain(build, hosts, others, "drain", one)
    drain(build, hosts, BACKENDS, "clear", one)
    time.sleep(WATCHED)
    row("meanwhile", lookups(hosts, since))


def show_all_killed(hosts, members, servers):
    title("All three are killed, and then a backend")
    since = time.monotonic()
    for member in members:
        member.kill()
    time.sleep(WATCHED)
    killed = servers[0].kill()
    row("each host's own checks leave the backend out after", everywhere(hosts, BACKENDS[1:], killed))
    hosts[0].stop()
    row("an hlbd is started anew: ready, by its snapshot, after", milliseconds(hosts[0].start()))
    time.sleep(WATCHED)
    row("meanwhile", lookups(hosts, since))


def show_return(build, hosts, members, servers):
    title("They come back")
    for member in members:
        member.start()
    etcd_serves()
    back = time.monotonic()
    hlbctl(build, "drain", BACKENDS[1], "--fleet", "--reason", "they are back")
    row("a drain is everywhere, from when etcd serves again, after", everywhere(hosts, BACKENDS[2:], back))
    listening = servers[0].start()
    row("the backend is started again, and back after", everywhere(hosts, [BACKENDS[0], BACKENDS[2]], listening))


def play(build):
    begun = time.monotonic()
    FOLDER.mkdir()
    Path("/run/hlb").mkdir()
    Path("/etc/nsswitch.conf").write_text("hosts: files hlb\n")
    CONFIG.write_text(CONFIGURATION)
    members = [Etcd(number) for number in range(len(MEMBERS))]
    servers = [WebServer(address) for address in BACKENDS]
    etcd_serves()
    hosts = [Host(number, build) for number in range(HOSTS)]

    print(f"Three etcds, and five hosts that know where these are; a program on each looks {NAME} up.\n")
    show_service(hosts)
    show_drain(build, hosts)
    show_one_killed(build, hosts, members)
    show_all_killed(hosts, members, servers)
    show_return(build, hosts, members, servers)
    print("\nhlbctl fleet log says who did what:\n" + hlbctl(build, "fleet", "log"), end="")
    print(f"\nAll of it took {time.monotonic() - begun:.0f} s, in namespaces of its own.")


if __name__ == "__main__":
    main(play)
