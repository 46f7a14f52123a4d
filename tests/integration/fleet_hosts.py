"""Many hosts of a fleet on one machine, and what each of their tables answers."""

import contextlib
import fcntl
import json
import time
from pathlib import Path

from fleet import key
from waiting import until
from world import BUILD, config

QUIET = {"type": "none"}


def catalog(services, backends):
    """{name: addresses} of so many services with so many backends each."""
    return {
        f"s{number}.internal": [f"127.9.{number}.{each + 1}" for each in range(backends)]
        for number in range(services)
    }


def fill(etcd, content, check=QUIET):
    """Writes a catalog, services last."""
    value = json.dumps({"v": 1, "answer": "all", "check": check})
    backends = [(key("b", name, each), '{"v":1}') for name, addresses in content.items() for each in addresses]
    write(etcd, backends + [(key("s", name), value) for name in content])


def write(etcd, pairs, most=100):
    """Puts these keys, by transactions of so many; None as value deletes."""
    for start in range(0, len(pairs), most):
        changes = [f"del {quoted(name)}" if value is None else f"put {quoted(name)} {quoted(value)}"
                   for name, value in pairs[start : start + most]]  # fmt: skip
        etcd.ctl("txn", given="\n" + "\n".join(changes) + "\n\n\n")


def quoted(value):
    """As etcdctl reads a text, or any bytes."""
    raw = value.encode() if isinstance(value, str) else value
    plain = (chr(each) if 32 <= each < 127 and chr(each) not in '"\\' else f"\\x{each:02x}" for each in raw)
    return '"' + "".join(plain) + '"'


class Gate:
    """Programs that are started with `prefix` while it is closed begin when it opens, all at once: to
    start each one takes a process's time, which isn't theirs."""

    def __init__(self, path):
        self.file = Path(path)
        self.file.touch()
        self.prefix = ("flock", "--shared", "--no-fork", self.file)

    @contextlib.contextmanager
    def closed(self, count):
        """Opens once so many stand before it."""
        with open(self.file) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
            inode = f":{self.file.stat().st_ino} "

            def waiting():
                locks = Path("/proc/locks").read_text().splitlines()
                return sum("->" in lock and inode in lock for lock in locks) == count

            until(waiting, f"{count} programs before the gate")


class Hosts:
    """So many hlbds, started at once, each with folders of its own."""

    def __init__(self, stage, fleet, count, **daemon):
        self.stage, self.count = stage, count
        self.text = config(**daemon) + fleet.section()
        self.runtimes = [stage.new_folder() / "run" for _ in range(count)]
        self.hlbds = []
        self.gate = Gate(stage.new_folder() / "gate")
        self.seen = None
        for runtime in self.runtimes:
            runtime.mkdir()
        with self.gate.closed(count):
            for runtime in self.runtimes:
                self.hlbds.append(stage.hlbd(self.text, runtime=runtime, ready=False, prefix=self.gate.prefix))
        self.begun = time.monotonic()

    def wait_until_ready(self, times=1, seconds=30):
        """How long each took, in seconds, since all were started."""
        took = {}

        def all_ready():
            for number, hlbd in enumerate(self.hlbds):
                if number not in took and hlbd.notifications.count("READY", "1") >= times:
                    took[number] = time.monotonic() - self.begun
            return len(took) == self.count

        until(all_ready, "READY from all", seconds)
        return list(took.values())

    def restart(self, *numbers):
        """After kill(): all of them, unless some are named."""
        numbers = numbers or range(self.count)
        with self.gate.closed(len(numbers)):
            for number in numbers:
                self.hlbds[number].start()
        self.begun = time.monotonic()

    def signal(self, number, *hosts):
        for host in hosts or range(self.count):
            self.hlbds[host].signal(number)

    def kill(self):
        for hlbd in self.hlbds:
            hlbd.kill()

    def watch(self, names):
        """From now on the answers of these names are seen: see Answers."""
        self.unwatch()
        self.seen = Answers(self.stage, names, self.runtimes)
        return self.seen

    def unwatch(self):
        """Nobody looks at the tables any more: that takes much of a core."""
        if self.seen:
            self.seen.program.close()
        self.seen = None

    def lines(self, text):
        """How often each has logged that."""
        return [hlbd.log().count(text) for hlbd in self.hlbds]


class Answers:
    """What the tables of many hosts answer, with the times of all changes."""

    def __init__(self, stage, names, folders):
        self.hosts = len(folders)
        self.program = stage.program(BUILD / "tests/fleet_tables", ",".join(names), *folders)
        self.names = names
        until(lambda: len(self.now()) == self.hosts * len(names), "a first look at all tables")

    def events(self):
        """(nanoseconds, host, name, answer) of each change, in order."""
        events = []
        for line in self.program.log().split("\n")[:-1]:
            when, host, name, answer = line.split(" ")
            events.append((int(when), int(host), name, answer))
        return events

    def since(self, begun):
        return [each for each in self.events() if each[0] >= begun]

    def now(self):
        return {(host, name): answer for _, host, name, answer in self.events()}

    def all_answer(self, name, addresses, begun, seconds=10):
        """Waits until all hosts answer so; returns how many seconds each took since `begun`, by
        monotonic_ns(). The answer is there when the table has it, or has programs ask for it."""
        wanted = answer_of(addresses)

        def there():
            now = self.now()
            return all(now.get((host, name)) == wanted for host in range(self.hosts))

        until(there, f"{wanted} for {name} everywhere", seconds)
        came = {}
        for when, host, each, answer in self.events():
            if each != name:
                continue
            if answer not in ("ask", wanted):
                came.pop(host, None)
            elif host not in came:
                came[host] = when
        return [max(0, when - begun) / 1e9 for when in came.values()]

    def settle(self, seconds=10):
        """Waits until no program is to ask hlbd any more."""
        until(lambda: "ask" not in self.now().values(), "all answers in the tables", seconds)

    def changes_since(self, begun):
        """Other answers than before, hosts that are to be asked aside."""
        last, changes = {}, []
        for when, host, name, answer in self.events():
            if answer == "ask":
                continue
            if when >= begun and last.get((host, name)) not in (None, answer):
                changes.append((when, host, name, answer))
            last[host, name] = answer
        return changes


def answer_of(addresses):
    return addresses if isinstance(addresses, str) else ",".join(sorted(addresses))
