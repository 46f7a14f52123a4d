"""A dead man's test: whatever hlbd depends on stops in turn, and each lookup goes on being right."""

import contextlib
import fcntl
import os
import shutil
import signal
import socket

import pytest
from authority import Authority
from buses import SystemBus
from hung_folder import HungFolder
from journal import PATH as JOURNAL
from journal import Journal, stream_of
from leases import Lease
from lookups import Hammer, lookup
from waiting import until
from world import RUNTIME, config, environment, run, saying, service

A, B = "127.0.0.11", "127.0.0.12"
NAME, CROWD = "app.test", "crowd.test"
MANY = [f"127.1.{high}.{low}" for high in range(3) for low in range(1, 235)]


@pytest.fixture
def short_queues():
    """Sockets made from now on hold two messages that nobody reads, and senders wait with more."""
    with saying("/proc/sys/net/unix/max_dgram_qlen", "1"):
        yield


# ---- what stops --------------------------------------------------------------------------------


class Dependency:
    """What hlbd depends on; as a test starts it, unless it says otherwise."""

    options = {}  # of hlbd's start
    daemon = {}  # keys of its configuration
    services = []

    def __init__(self, stage, dns):
        self.stage = stage

    def stop(self, hlbd):
        """Has it stand still."""

    def go_on(self):
        """Ends that."""

    def check(self, hlbd):
        """What must be seen after that."""


class JournalUnread(Dependency):
    """journald hangs, from before hlbd's start on."""

    def __init__(self, stage, dns):
        self.journal = stage.add(Journal())
        stream = stage.new_folder() / "stream"
        stream.touch()
        self.options = {"env": {"JOURNAL_STREAM": stream_of(stream)}, "stderr": stream.open("a")}

    def stop(self, hlbd):
        assert JOURNAL.is_socket() and hlbd.log() == ""

    def check(self, hlbd):
        for backend in (MANY[0], MANY[-1], A):
            until(lambda: self.journal.find(HLB_BACKEND=backend, HLB_STATE="down"), backend)


class NotifySocketUnread(Dependency):
    """The service manager hangs."""

    options = {"env": {"WATCHDOG_USEC": "600000"}}

    def stop(self, hlbd):
        hlbd.notifications.all()
        hlbd.notifications.paused = True

    def check(self, hlbd):
        hlbd.notifications.paused = False
        alive = hlbd.notifications.count("WATCHDOG", "1")
        until(lambda: hlbd.notifications.count("WATCHDOG", "1") > alive, "a sign of life", 3)


class StandardErrorUnread(Dependency):
    """Nobody reads the pipe that hlbd logs to."""

    def __init__(self, stage, dns):
        self.reader, writer = os.pipe()
        stage.parts.callback(os.close, self.reader)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.options = {"stderr": os.fdopen(writer, "wb")}

    def check(self, hlbd):
        os.set_blocking(self.reader, False)
        lines = []

        def told():
            with contextlib.suppress(BlockingIOError):
                lines.append(os.read(self.reader, 65536))
            return f"{CROWD}/{MANY[-1]}: up -> down".encode() in b"".join(lines)

        until(told, "the last of the decisions")


class StateDiskFrozen(Dependency):
    """As a backup of a virtual machine freezes its file systems."""

    def __init__(self, stage, dns):
        super().__init__(stage, dns)
        folder = stage.new_folder()
        image, self.disk = folder / "image", folder / "disk"
        self.disk.mkdir()
        with image.open("wb") as file:
            file.truncate(32 << 20)
        run("mkfs.ext4", "-q", image)
        run("mount", "-o", "loop", image, self.disk)
        stage.parts.callback(run, "umount", self.disk)
        self.bus = SystemBus(stage)
        self.options = {"state": self.disk, "bus": "system", "env": self.bus.env}

    def stop(self, hlbd):
        until(lambda: self.bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
        run("fsfreeze", "--freeze", self.disk)
        method = ("call", "org.hlb1", "/org/hlb1", "org.hlb1.Manager", "SetOverride", "ssts")
        command = ("busctl", "--system", *method, f"{CROWD}/{MANY[0]}", "drain", "0", "")
        self.drain = self.stage.program(*command, env=environment(**self.bus.env))

    def go_on(self):
        self.confirmed_early = not self.drain.running()
        self.in_force_early = self.bus.ask("GetBackend", "ss", CROWD, MANY[0])
        run("fsfreeze", "--unfreeze", self.disk)

    def check(self, hlbd):
        assert not self.confirmed_early and "drain" not in str(self.in_force_early)
        assert self.drain.process.wait(10) == 0 and self.drain.log() == "u 1\n"
        assert "drain" in str(self.bus.ask("GetBackend", "ss", CROWD, MANY[0]))
        assert MANY[0] in (self.disk / "overrides.json").read_text()
        states = self.disk / "state.json"
        until(lambda: f'"{MANY[-1]}","state":"down"' in states.read_text(), "the states kept")


class BusStopped(Dependency):
    """The system bus hangs, with hlbd on it."""

    def __init__(self, stage, dns):
        self.bus = SystemBus(stage)
        self.options = {"bus": "system", "env": self.bus.env}

    def stop(self, hlbd):
        until(lambda: self.bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
        self.bus.program.signal(signal.SIGSTOP)

    def go_on(self):
        self.bus.program.signal(signal.SIGCONT)

    def check(self, hlbd):
        until(lambda: self.bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus again", 40)


class NameServerStopped(Dependency):
    """The DNS server takes questions and answers none; a service's backends are names."""

    services = [service("named.test", ["a.backends.test", "b.backends.test"])]

    def __init__(self, stage, dns):
        self.dns = dns

    def stop(self, hlbd):
        self.dns.signal(signal.SIGSTOP)

    def go_on(self):
        self.dns.signal(signal.SIGCONT)


class Clients(Dependency):
    """Who connects to hlbd, and then neither reads nor hangs up."""

    at, request = None, b""

    def stop(self, hlbd):
        self.clients = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(200)]
        for client in self.clients:
            client.connect(str(self.at))
            client.setblocking(False)
            with contextlib.suppress(OSError):
                client.sendall(self.request)

    def go_on(self):
        for client in self.clients:
            client.close()


class PeerClientsUnread(Clients):
    at = RUNTIME / "bus"
    request = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n" + b"AUTH\r\n" * 10_000


class MetricsClientsUnread(Clients):
    at = RUNTIME / "metrics"
    request = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 100
    daemon = {"metrics": str(at)}


class ExecChecksHung(Dependency):
    """200 programs of checks that never end."""

    services = [
        service("hung.test", [f"127.3.0.{low}" for low in range(1, 201)],
                check={"type": "exec", "command": ["/bin/sleep", "60"], "timeout": "1s",
                       "interval": "5s"})
    ]  # fmt: skip


class FolderHung(Dependency):
    """The file system hangs on which `folder` is; what `name` is answered with is to be seen."""

    def stop(self, hlbd):
        self.hung = HungFolder(self.folder)

    def go_on(self):
        self.answered = lookup(self.name).addresses
        self.hung.end()


class FileServerHung(FolderHung):
    """As of a network file system, on which the file of a check is."""

    name, told = "told.test", "127.4.0.1"

    def __init__(self, stage, dns):
        self.folder = stage.new_folder()
        self.file = self.folder / "backends"
        self.file.write_text(f"{self.told} up\n")
        check = {"type": "file", "path": str(self.file), "interval": "500ms"}
        self.services = [service(self.name, [self.told], check)]

    def check(self, hlbd):
        assert self.answered == [self.told]
        hlbd.wait_for_log(r"reason of this host's own.* can't be read in 500ms")
        self.file.write_text(f"{self.told} down\n")
        until(lambda: lookup(self.name).status == "EAI_AGAIN", "the file read again")


class CertificatesHung(FolderHung):
    """The file system hangs on which the certificates of checks over TLS are."""

    name, backend, port = "tls.test", "127.0.0.31", 8471

    def __init__(self, stage, dns):
        folder, self.folder = stage.new_folder(), stage.new_folder()
        self.trusted = self.folder / "trusted.pem"
        self.theirs = Authority(folder, "Other Authority")
        ours = Authority(folder, "Test Authority")
        self.trusted.write_text(ours.read())
        good = ours.issue("good", [self.name])
        stage.program(
            "openssl", "s_server", "-accept", f"{self.backend}:{self.port}", "-www", "-cert", good,
            "-key", good.replace(".pem", ".key"),
            ready="ACCEPT",
        )  # fmt: skip
        check = {"type": "https", "port": self.port, "ca": str(self.trusted), "interval": "200ms"}
        self.services = [service(self.name, [self.backend], check)]

    def stop(self, hlbd):
        assert lookup(self.name).addresses == [self.backend]
        super().stop(hlbd)

    def check(self, hlbd):
        assert self.answered == [self.backend]
        self.trusted.write_text(self.theirs.read())
        until(lambda: lookup(self.name).status == "EAI_AGAIN", "the file read again")


class ResolvConfHung(FolderHung):
    """The file system hangs that resolv.conf leads to; a service's backends are names."""

    name = "named.test"
    services = [service(name, ["a.backends.test", "b.backends.test"])]

    def __init__(self, stage, dns):
        etc, self.folder = stage.new_folder() / "etc", stage.new_folder()
        resolv_conf = self.folder / "resolv.conf"
        shutil.copytree("/etc", etc, symlinks=True)
        shutil.copy("/etc/resolv.conf", resolv_conf)
        (etc / "resolv.conf").unlink()
        (etc / "resolv.conf").symlink_to(resolv_conf)
        # hlbd sees the file that is laid over it here in an /etc of its own.
        run("mount", "--bind", self.folder, self.folder)
        stage.parts.callback(run, "umount", self.folder)
        run("mount", "--make-shared", self.folder)
        self.options = {"prefix": with_own_etc(etc)}

    def check(self, hlbd):
        assert "can't be looked up" not in hlbd.log()


def with_own_etc(folder):
    """What to put before a command, so that this folder is /etc to it."""
    unshared = ["unshare", "--mount", "--propagation=slave", "sh", "-c"]
    return [*unshared, 'mount --bind "$0" /etc && exec "$@"', folder]


STOPPED = [
    JournalUnread, NotifySocketUnread, StandardErrorUnread, StateDiskFrozen, BusStopped,
    NameServerStopped, PeerClientsUnread, MetricsClientsUnread, ExecChecksHung, FileServerHung,
    CertificatesHung, ResolvConfHung,
]  # fmt: skip


@pytest.mark.parametrize("dependency", STOPPED)
def test_no_lookup_is_wrong_and_the_lease_current_while_it_stands_still(
    stage, dns, short_queues, dependency
):
    backends = {address: stage.backend(address) for address in (A, B)}
    crowd = stage.backend(*MANY)
    stopped = dependency(stage, dns)
    many = service(CROWD, MANY, check={"type": "tcp", "interval": "1s"})
    text = config(service(NAME, [A, B]), many, *stopped.services, **stopped.daemon)
    hlbd = stage.hlbd(text, **stopped.options)
    stopped.stop(hlbd)
    try:
        with Lease() as lease:
            hammer = Hammer(stage, NAME, seconds=5, threads=4)
            crowd.kill()
            until(lambda: lookup(CROWD).status == "EAI_AGAIN", "the crowd known to be dead", 20)
            backends[A].kill()
            until(lambda: lookup(NAME).addresses == [B], "the backend left out")
            found = hammer.result()
    finally:
        stopped.go_on()
    assert found.statuses() == {"OK"} and found.addresses() <= {A, B}
    assert lease.least > 0.5
    stopped.check(hlbd)
    backends[A].start()
    until(lambda: A in lookup(NAME).addresses, "the backend back")
    assert hlbd.running()
