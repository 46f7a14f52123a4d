"""The programs the tests put up: hlbd, backends, DNS, nscd; and the Stage that ends them."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from waiting import until
from world import BUILD, DNS_IPV4, DNS_IPV6, HERE, PORT, RUNTIME, environment, run, seeing

NSCD_SETTINGS = """\
enable-cache hosts yes
positive-time-to-live hosts 600
negative-time-to-live hosts 600
check-files hosts no
persistent hosts no
shared hosts yes
enable-cache passwd no
enable-cache group no
enable-cache services no
enable-cache netgroup no
"""


def as_user(name):
    """What to put before a command, so that it runs as this user with all of their groups."""
    group = str(pwd.getpwnam(name).pw_gid)
    return ["setpriv", "--reuid", name, "--regid", group, "--init-groups"]


class Program:
    """A running program with its output in a file. Ended, and collected, by close()."""

    def __init__(self, command, log, env=None, stderr=None):
        self.command = [str(each) for each in command]
        self.log_file = Path(log)
        self.stderr = stderr  # a file or pipe of the test's own
        self.env = env or {**os.environ, "LD_LIBRARY_PATH": str(BUILD)}  # no sanitizer in servers
        self.process = None
        self.start()

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=self.stderr or log,
            )  # fmt: skip

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.log_file.read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait_for_log(self, pattern, timeout=10.0):
        """The match of a regular expression in what was logged."""

        def seen():
            running = self.running()  # before the log is read, which else could grow in between
            match = re.search(pattern, self.log())
            assert match or running, f"{self.command[0]} ended"
            return match

        try:
            return until(seen, f"{pattern!r} in the log", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-4000:]}") from None

    def close(self):
        if self.running():
            self.kill()


class Notifications:
    """The receiving end of sd_notify: every message, as a dict of its lines, in order."""

    def __init__(self, path):
        self.path = path
        self.received = []
        self.paused = False  # nobody reads
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    def all(self):
        if self.paused:
            return self.received
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = self.socket.recv(65536).decode().splitlines()
                self.received.append(dict(line.split("=", 1) for line in lines))
        return self.received

    def count(self, key, value):
        return sum(message.get(key) == value for message in self.all())

    def close(self):
        self.socket.close()


class Hlbd(Program):
    """A running hlbd. Started and ready when made, unless `ready=False`."""

    def __init__(
        self, folder, text, bus="none", runtime=RUNTIME, state=None, env=None, ready=True, user=None,
        stderr=None, options=(), prefix=(),
    ):  # fmt: skip
        self.config_file = Path(folder) / "hlbd.toml"
        self.write_config(text)
        self.notifications = Notifications(Path(folder) / "notify")
        if user:
            shutil.chown(Path(folder) / "notify", user)
        command = [*prefix, BUILD / "hlbd", "--config", self.config_file, "--runtime-dir", runtime]
        command += ["--state-dir", state or Path(folder) / "state", "--bus", bus, *options]
        if user:
            command = [*as_user(user), *command]
            for owned in (folder, runtime):
                shutil.chown(owned, user)
        env = environment(NOTIFY_SOCKET=str(self.notifications.path), **(env or {}))
        super().__init__(command, Path(folder) / "hlbd.log", env, stderr)
        if ready:
            self.wait_until_ready()

    def log(self):
        """All of it: hlbd's lines are written by a thread of its own, which may be a bit behind; what
        a hlbd that never is quiet says meanwhile is left out."""
        text = super().log()
        for _ in range(20):
            if not self.running():
                return super().log()
            time.sleep(0.01)
            before, text = text, super().log()
            if text == before:
                break
        return text

    def write_config(self, text):
        self.config_file.write_text(text)

    def wait_until_ready(self, times=1):
        def ready():
            assert self.running(), f"hlbd ended with {self.process.returncode}:\n{self.log()}"
            return self.notifications.count("READY", "1") >= times

        until(ready, "READY=1 from hlbd", 20)

    def restart(self):
        """Starts anew after kill() or terminate(), and waits for READY."""
        times = self.notifications.count("READY", "1") + 1
        self.start()
        self.wait_until_ready(times)

    def reload(self, text):
        """SIGHUP with this configuration; returns when hlbd has taken or refused it."""
        times = self.notifications.count("READY", "1") + 1
        self.write_config(text)
        self.signal(signal.SIGHUP)
        self.wait_until_ready(times)

    def terminate(self):
        self.signal(signal.SIGTERM)
        return self.process.wait(10)

    def close(self):
        super().close()
        self.notifications.close()


class Stage:
    """What is up at the moment; close() ends all of it, the last one first."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.parts = contextlib.ExitStack()
        self.number = 0

    def close(self):
        self.parts.close()

    def new_folder(self):
        self.number += 1
        folder = self.folder / str(self.number)
        folder.mkdir()
        return folder

    def add(self, part):
        self.parts.callback(part.close)
        return part

    def file_system(self, folder, size):
        """At this folder one of its own, of so many bytes, as "4m"."""
        Path(folder).mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder)
        self.parts.callback(run, "umount", folder)
        return Path(folder)

    def hlbd(self, text, **options):
        RUNTIME.mkdir(exist_ok=True)
        self.parts.callback(shutil.rmtree, RUNTIME, ignore_errors=True)
        hlbd = self.add(Hlbd(self.new_folder(), text, **options))
        self.parts.callback(lambda: print("---- hlbd's log ----\n" + hlbd.log()[-6000:]))
        return hlbd

    def program(self, *command, env=None, ready=None):
        program = self.add(Program(command, self.new_folder() / "log", env))
        if ready:
            program.wait_for_log(ready)
        return program

    def backend(self, *addresses, kind="ok", port=PORT, host=()):
        """A backend program on these addresses; `host` is a command prefix such as PEER_HOST."""
        command = [sys.executable, HERE / "backend.py", kind, port, *addresses]
        return self.program(*host, *command, ready="ready")

    def dnsmasq(self):
        return self.program(
            "/usr/sbin/dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--user=root",
            "--pid-file=", "--log-facility=-", "--no-resolv", "--no-hosts", "--cache-size=0",
            "--bind-interfaces", "--listen-address=127.0.0.53",
            f"--address=/#/{DNS_IPV4}", f"--address=/#/{DNS_IPV6}",
            ready="started",
        )  # fmt: skip

    def bus_alone(self):
        """A folder to be seen as /run/hlb, which has hlbd's socket for all and no table."""
        return self.sockets_alone("bus")

    def sockets_alone(self, *names):
        folder = self.new_folder()
        for name in names:
            os.link(RUNTIME / name, folder / name)
        return folder

    def nscd(self, env, runtime=None):
        """nscd with caching on, looking up in this environment, with this folder as /run/hlb."""
        settings = self.new_folder() / "nscd.conf"
        settings.write_text(NSCD_SETTINGS)
        os.makedirs("/run/nscd", exist_ok=True)
        self.parts.callback(shutil.rmtree, "/run/nscd")
        command = [*seeing(runtime), "/usr/sbin/nscd", "-F", "-f", settings]
        nscd = self.program(*command, env=env)
        until(lambda: os.path.exists("/run/nscd/socket"), "nscd's socket")
        return nscd
