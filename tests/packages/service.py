"""The service of the sample configuration on a machine: its backends, and lookups of its name."""

import shutil
from pathlib import Path

from lookups import parse_lookups
from machine import PROJECT
from waiting import until

APP = "my-awesome-highload-app.local"
URL = f"http://{APP}:8082"
BACKENDS = ("127.0.0.1", "127.0.0.2")
TOOLS = {"lookup": "build/release/tests/lookup", "backend.py": "tests/integration/backend.py"}


def bring_tools(machine):
    for name, source in TOOLS.items():
        shutil.copy(PROJECT / source, machine.file(f"/usr/local/bin/{name}"))


def start_backend(machine, address):
    machine.serve(
        f"backend-{address}", "python3", "/usr/local/bin/backend.py", "ok", "8082", address
    )


def kill_backend(machine, address):
    machine.run("systemctl", "kill", "-s", "KILL", f"backend-{address}")


def addresses(machine, name=APP):
    """Of all backends that are answered at the moment; the sample spreads, so it takes several."""
    found = machine.run("lookup", name, "--count", "40", check=False)
    return parse_lookups(found.stdout).addresses()


def answered(machine, *expected):
    until(lambda: addresses(machine) == set(expected), f"lookups give {expected}")


def seeing(runtime, command):
    """The shell's words to run a command with this folder in the place of /run/hlb."""
    return f"unshare --mount sh -c 'mount --bind {runtime} /run/hlb && {command}'"


def serve_app(machine):
    bring_tools(machine)
    for address in BACKENDS:
        start_backend(machine, address)
    answered(machine, *BACKENDS)


def curl(machine, times=1):
    """The bodies of so many requests: the backends' addresses."""
    script = f"for i in $(seq {times}); do curl -sS --max-time 5 {URL}; done"
    return machine.shell(script).stdout.split()


class Stream:
    """Lookups at a steady rate, a thousand a second from four threads of one process, and as many
    fresh processes as there is time for; while something is done to the machine, for so long or until
    end()."""

    def __init__(self, machine, seconds, name=APP):
        self.machine = machine
        self.seconds = seconds
        self.name = name
        number = len(list(machine.folder.glob("stream-*")))
        self.log = Path(machine.folder, f"stream-{number}")
        self.fresh_log = Path(machine.folder, f"fresh-{number}")
        self.ended = f"/srv/stream-{number}-ended"
        self.process = machine.start(
            "lookup", name, "--for", seconds, "--until", self.ended, "--threads", 4, "--pause-us", 3000,
            log=self.log.name,
        )  # fmt: skip
        loop = (
            f"end=$(($(date +%s) + {seconds})); while [ $(date +%s) -lt $end -a ! -e {self.ended} ]; do"
            f" getent ahosts {name} >/dev/null && echo ok || echo failed; done"
        )
        self.fresh = machine.start("sh", "-c", loop, log=self.fresh_log.name)

    def end(self):
        assert self.process.poll() is None, "the lookups ended before"
        self.machine.file(self.ended).touch()

    def result(self):
        """The lookups of the one process; those of the fresh ones have all succeeded."""
        assert self.process.wait(self.seconds + 30) == 0
        assert self.fresh.wait(30) == 0
        fresh = self.fresh_log.read_text().split()
        print(
            f"{self.machine.name}: {len(fresh)} lookups by fresh processes,"
            f" {fresh.count('failed')} failed"
        )
        assert fresh
        assert set(fresh) == {"ok"}
        result = parse_lookups(self.log.read_text())
        print(
            f"{result.lookups} lookups: {result.statuses()},"
            f" slowest {result.slowest_us} us"
        )
        return result
