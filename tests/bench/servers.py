"""What answers the lookups that are measured: hlbd, and the peers it is compared with.

Everything runs inside the namespaces of tests/integration/world, and ends with them.
"""

import contextlib
import os
import pwd
import shutil
import socket
import threading
from functools import partial
from pathlib import Path

from programs import NSCD_SETTINGS, Hlbd, Program
from waiting import until
from world import BUILD, config, environment, run, write_services

PORT = 8099  # where the backends listen
FOLDER = Path("/run/bench")
MODULES = FOLDER / "modules"  # all NSS modules in one folder, so that none is found sooner
MEASURED_CORE = min(os.sched_getaffinity(0))
HOSTS_PER_PROCESS = 10_000  # as many as a command line takes
LONGEST_FIRST_ROUND = 90  # seconds, for the largest table

HOSTS = """\
127.0.0.1 localhost
127.0.0.1 one.files
127.0.0.1 two.files
127.0.0.2 two.files
"""
TWO = ["127.0.0.1", "127.0.0.2"]


class NotRunning(Exception):
    """A server can't be run here; the message says why."""


def prepare():
    """Gathers the modules and makes the backends listen. Servers run on the measured core too: how
    long it takes to wake another core says more about the (virtual) machine than about a server."""
    MODULES.mkdir(parents=True)
    for module in [BUILD / "libnss_hlb.so.2", *BUILD.glob("bench/libnss_*.so.2")]:
        shutil.copy(module, MODULES)
    Path("/etc/hosts").write_text(HOSTS)
    Path("/etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    os.sched_setaffinity(0, [MEASURED_CORE])
    listener = socket.create_server(("", PORT), backlog=4096)
    threading.Thread(target=accept_all, args=[listener], daemon=True).start()


def accept_all(listener):
    while True:
        listener.accept()[0].close()


def client_environment():
    return environment(LD_LIBRARY_PATH=str(MODULES))


def resolves(hosts, addresses, source=None, runtime=None):
    """Whether a fresh process gets an answer for each of the hosts, with just these addresses in
    all, from this source (without one: from nscd); with this folder as /run/hlb."""
    command = ["getent", *(["-s", source] if source else []), "ahosts", *hosts]
    answer = run(*command, env=client_environment(), check=False, runtime=runtime)
    found = {line.split()[0] for line in answer.stdout.splitlines()}
    return answer.returncode == 0 and found == set(addresses)


@contextlib.contextmanager
def running(program, answers, patience=10):
    """Keeps a program until the end of the block, which starts when `answers()` is true."""

    def ready():
        if not program.running():
            raise NotRunning(last_words(program))
        return answers()

    try:
        until(ready, "ready", patience)
        yield program
    except AssertionError as error:
        raise NotRunning(f"{error}; {last_words(program)}") from None
    finally:
        program.close()


def last_words(program):
    return program.log().strip().split("\n")[-1][:100]


def peer(path):
    """A program of another project's, which may be left out."""
    if not os.path.exists(path):
        raise NotRunning(f"{path} isn't there")
    return path


def dnsmasq():
    program = Program(
        ["/usr/sbin/dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--user=root",
         "--pid-file=", "--no-resolv", "--no-hosts", "--bind-interfaces",
         "--listen-address=127.0.0.53", "--address=/one.dns/127.0.0.1",
         "--address=/two.dns/127.0.0.1", "--address=/two.dns/127.0.0.2"],
        FOLDER / "dnsmasq.log")  # fmt: skip
    return running(program, lambda: resolves(["two.dns"], TWO, "dns"))


def nscd():
    settings = FOLDER / "nscd.conf"
    settings.write_text(NSCD_SETTINGS)
    os.makedirs("/run/nscd", exist_ok=True)
    program = Program([peer("/usr/sbin/nscd"), "-F", "-f", settings], FOLDER / "nscd.log")
    return running(program, lambda: os.path.exists("/run/nscd/socket") and
                   resolves(["two.files"], TWO))


def resolved():
    """Answers from /etc/hosts, which it holds in memory: faster than what it has to ask for."""
    settings = Path("/etc/systemd/resolved.conf.d/bench.conf")
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[Resolve]\nDNSStubListener=no\nLLMNR=no\nMulticastDNS=no\n")
    add_user("systemd-resolve", owning=Path("/run/systemd/resolve"))
    program = Program([peer("/lib/systemd/systemd-resolved")], FOLDER / "resolved.log")
    return running(program, lambda: resolves(["two.files"], TWO, "resolve"))


def add_user(name, owning):
    """To /etc/passwd of this world, unless it is there; its package isn't installed."""
    if name not in {each.pw_name for each in pwd.getpwall()}:
        with open("/etc/passwd", "a", encoding="utf-8") as passwd:
            passwd.write(f"{name}:x:65533:65533::/:/usr/sbin/nologin\n")
    user = pwd.getpwnam(name)
    owning.mkdir(parents=True)
    os.chown(owning, user.pw_uid, user.pw_gid)


class Daemon:
    """hlbd with these services, once it answers for all of these hosts with just these addresses.

    Its socket is moved out of the folder of its table, so that each of the two ways to an answer is
    measured by itself, and the other can't step in unseen.
    """

    def __init__(self, name, services, hosts, addresses):
        self.folder = FOLDER / name
        self.table_only = self.folder / "table-only"
        self.bus_only = self.folder / "bus-only"
        self.services = services
        self.hosts = hosts
        self.addresses = addresses

    @contextlib.contextmanager
    def run(self):
        for folder in [self.table_only, self.bus_only]:
            folder.mkdir(parents=True)
        write_services(self.folder / "services.d", self.services)
        hlbd = Hlbd(self.folder, config(log_level="warn"), runtime=self.table_only, ready=False)
        first_round_ended = partial(hlbd.notifications.count, "READY", "1")
        with running(hlbd, first_round_ended, LONGEST_FIRST_ROUND):
            # Not moved: hlbd would make another one.
            os.link(self.table_only / "bus", self.bus_only / "bus")
            for start in range(0, len(self.hosts), HOSTS_PER_PROCESS):
                hosts = self.hosts[start : start + HOSTS_PER_PROCESS]
                until(partial(self.answers, self.table_only, hosts), "in the table", 20)
            until(partial(self.answers, self.bus_only, self.hosts[:1]), "answered over D-Bus")
            yield

    def answers(self, folder, hosts):
        return resolves(hosts, self.addresses, "hlb", runtime=folder)
