"""Runs of hlbctl: with pipes, and on a terminal."""

import codecs
import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

from waiting import until
from world import BUILD, HERE, environment, run

HLBCTL = BUILD / "hlbctl"
# Far beyond the two seconds after which hlbctl gives up, so that only a hang exceeds it.
NO_HANG = 20


def hlbctl_environment(bus, **changes):
    return environment(**{"TZ": "UTC", **bus.env, **changes})


def as_user(user):
    return ["setpriv", "--reuid", user, "--clear-groups"] if user else []


def hlbctl(bus, *words, user=None, **changes):
    """The completed process."""
    env = hlbctl_environment(bus, **changes)
    return run(*as_user(user), HLBCTL, *words, env=env, check=False, timeout=NO_HANG)


class Terminal:
    """hlbctl on a terminal of its own."""

    def __init__(self, bus, *words, columns=80, rows=50, **changes):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self.settings = termios.tcgetattr(slave)
        self.slave = slave
        env = hlbctl_environment(bus, **{"TERM": "xterm", **changes})
        self.process = subprocess.Popen(
            [str(HLBCTL), *map(str, words)], stdin=slave, stdout=slave, stderr=slave, env=env
        )
        self.seen = b""
        os.set_blocking(self.master, False)

    def text(self):
        """All that it has written until now; a character of which only a part is there isn't shown yet."""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.master, 65536):
                self.seen += more
        return codecs.getincrementaldecoder("utf-8")().decode(self.seen).replace("\r\n", "\n")

    def wait_for(self, text):
        until(lambda: text in self.text(), f"{text!r} on the terminal")

    def type(self, keys):
        os.write(self.master, keys.encode())

    def end(self):
        """What it has written, and its exit status."""

        def ended():
            self.text()  # or it might wait for room
            return self.process.poll() is not None

        until(ended, "its end", NO_HANG)
        return self.text(), self.process.returncode

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.settings

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


def on_terminal(stage, bus, *words, **options):
    """What it writes on a terminal."""
    return stage.add(Terminal(bus, *words, **options)).end()[0]


class FakeHlbd:
    """Says what it is told to say; see fake_hlbd.py."""

    def __init__(self, stage, bus, says, lacking=()):
        self.file = stage.new_folder() / "says.json"
        self.say(says)
        command = ["/usr/bin/python3", HERE / "fake_hlbd.py", self.file, *lacking]
        self.program = stage.program(*command, env=environment(**bus.env), ready="ready")

    def say(self, says):
        self.file.write_text(json.dumps(says))

    def calls(self):
        file = Path(f"{self.file}.calls")
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def changes(self):
        """The calls that would have changed something."""
        return [call for call in self.calls() if call[0] != "ListBackends"]


def masked(text):
    """Ages, latencies and bars, which no two runs have the same, as N, N ms and =."""
    text = re.sub(r"\b(\d+h )?\d+[smhd]\b", "N", text)
    text = re.sub(r" *\b[\d.]+ ms", " N ms", text)
    return re.sub(r" *[▁▂▃▄▅▆▇█x?]+(?=\s|$)", " =", text)
