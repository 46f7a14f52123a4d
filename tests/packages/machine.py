"""Machines: Debian booted with real systemd, in containers on overlays, so that each starts clean.

Everything runs inside the namespaces of tests/integration/world, which end what is left over.
"""

import contextlib
import functools
import os
import re
import signal
import subprocess
from pathlib import Path

from waiting import until

PROJECT = Path(__file__).parents[2]
MACHINES = Path("/run/machines")
HIERARCHIES = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd")]
NAMESPACES = ("-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w")
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}


def packages(release, *names):
    """The .deb files of these packages, as a machine sees them."""
    folder = PROJECT / "build/packages" / release
    return [f"/packages/{path.name}" for name in names for path in folder.glob(f"{name}_*.deb")]


def cgroups(name):
    """systemd in a container needs a subtree of its own in each hierarchy."""
    found = [folder for folder in HIERARCHIES if folder.is_dir()] or [Path("/sys/fs/cgroup")]
    return [folder / f"hlb-{name}" for folder in found]


def join(folders):
    for folder in folders:
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.procs").write_text(str(os.getpid()))


class Machine:
    """A machine that is up when it is made. `layers` are what it is laid upon, the topmost first:
    by default the tree of the release, with the packages' dependencies in apt's cache."""

    def __init__(self, name, release, layers=(), netns=None):
        self.name = name
        self.release = release
        self.folder = MACHINES / name
        self.root = self.folder / "root"
        self.netns = netns
        self.container = None
        self.leader = None
        tree = PROJECT / "build/trees" / release
        self.mount([*layers, tree / "cache", tree / "root"])
        self.boot()

    @property
    def changes(self):
        """What differs from the layers below: one for another machine, when this one is off."""
        return self.folder / "changes"

    def mount(self, layers):
        for folder in (self.root, self.changes, self.folder / "work"):
            folder.mkdir(parents=True)
        lower = ":".join(str(layer) for layer in layers)
        options = f"lowerdir={lower},upperdir={self.changes},workdir={self.folder / 'work'}"
        mount("-t", "overlay", "-o", options, "overlay", self.root)
        debs = self.root / "packages"
        debs.mkdir(exist_ok=True)
        mount("--bind", PROJECT / "build/packages" / self.release, debs)
        (self.root / "etc/resolv.conf").unlink(missing_ok=True)
        if not (self.root / "etc/hosts").exists():  # which an installer would have written
            (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")

    def boot(self):
        network = ["--private-network"]
        if self.netns:
            network = [f"--network-namespace-path=/run/netns/{self.netns}"]
        with open(self.folder / "console", "ab") as console:
            self.container = subprocess.Popen(
                ["systemd-nspawn", "-q", "-D", self.root, "-M", self.name, "--boot",
                 "--register=no", "--keep-unit", *network, "--resolv-conf=off", "--timezone=off",
                 "--console=pipe", "--capability=all",
                 "--system-call-filter=bpf perf_event_open @keyring"],
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                preexec_fn=lambda: join(cgroups(self.name)),
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
            )  # fmt: skip
        self.leader = until(self.find_leader, f"the container {self.name}", 30)
        until(lambda: self.state() in ("running", "degraded"), f"{self.name} has booted", 60)

    def find_leader(self):
        console = (self.folder / "console").read_text(errors="replace")
        assert self.container.poll() is None, f"the container {self.name} ended: {console}"
        children = Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children")
        return next((child for child in children.read_text().split() if is_first(child)), None)

    def state(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def command(self, *words):
        return ["nsenter", "-t", self.leader, *NAMESPACES, "--", *(str(word) for word in words)]

    def run(self, *words, check=True, timeout=120):
        """What a program in it prints, when it has ended."""
        done = subprocess.run(
            self.command(*words), env=ENVIRONMENT, timeout=timeout, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(
                f"{self.name}: {words} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def shell(self, script, **options):
        return self.run("sh", "-ec", script, **options)

    def start(self, *words, log="log"):
        """A program that goes on in it; its output goes to this file of the machine's folder."""
        with open(self.folder / log, "wb") as output:
            return subprocess.Popen(
                self.command(*words), env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def serve(self, unit, *words):
        """A program that goes on in it as a unit of its systemd."""
        self.run("systemd-run", "--quiet", "--collect", f"--unit={unit}", *words)

    def file(self, path):
        return self.root / str(path).lstrip("/")

    def install(self, *names):
        """As a user does it, from the files of the packages; what starts with - is for apt."""
        options = [name for name in names if name.startswith("-")]
        debs = packages(self.release, *(name for name in names if name not in options))
        return self.run("apt-get", "-y", *options, "install", *debs, timeout=300)

    def journal(self, unit="hlbd"):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def power_off(self):
        """In order: what it wrote can be a layer for others then."""
        os.kill(int(self.leader), signal.SIGRTMIN + 4)
        self.container.wait(60)
        self.unmount()

    def close(self):
        """At once, as if its plug were pulled."""
        if self.container.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self.leader), signal.SIGKILL)
            self.container.wait(30)
            self.unmount()

    def unmount(self):
        for place in (self.root / "packages", self.root):
            subprocess.run(["umount", "-l", place], check=True)
        for folder in cgroups(self.name):
            remove_cgroup(folder)


@functools.cache
def installed_layer(release):
    """What installing both packages on a fresh machine leaves behind: a layer for others. Made once,
    which a fixture isn't, as pytest goes from one release to the other and back."""
    machine = Machine(f"{release}-installed", release)
    machine.install("hlbd", "libnss-hlb")
    machine.power_off()
    return machine.changes


def is_first(process):
    """Whether it is the first process of a container, no helper on the way to one."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return re.search(r"^NSpid:.*\t1$", status, re.M) is not None


def mount(*words):
    subprocess.run(["mount", *(str(word) for word in words)], check=True)


def remove_cgroup(folder):
    for inner, _, _ in os.walk(folder, topdown=False):
        until(lambda inner=inner: removed(inner), f"{inner} is empty")


def removed(folder):
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True
