"""Programs that keep connections, real ones and many; their servers; and what hlbd ends of them."""

import json
import re
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from servers import POSTGRES
from transitions import time_of
from waiting import until
from world import HERE, environment, run, saying, service

KEEP = 9000  # the port of connections that are ended
CHECK = {"path": "/health"}  # what world.CHECK changes

KEEPERS = HERE / "keepers"
ENDED = re.compile(
    r"^(\d+):(\d+):(\d+)\.(\d+) .*? (\S+)/(\S+): ended (\d+) connections? of this host to it$", re.M
)


def closing(name, backends, how="all", check=None, **keys):
    keys = {"close_connections": how, "close_ports": [KEEP], **keys}
    return service(name, backends, {**CHECK, **(check or {})}, **keys)


@dataclass
class Ended:
    """A line of hlbd's log."""

    time: float  # as time.time()
    name: str
    address: str
    count: int


def ended(hlbd, address=None):
    """What hlbd has ended, or what of that was to this address."""
    found = [Ended(time_of(*each[:4]), each[4], each[5], int(each[6]))
             for each in ENDED.findall(hlbd.log())]  # fmt: skip
    return [each for each in found if address in (None, each.address)]


class KeepingServer:
    """See keeping_server.py."""

    def __init__(self, stage, ports, addresses, patient=(), host=()):
        self.sick_file = stage.new_folder() / "sick"
        self.sick_file.touch()
        command = [sys.executable, HERE / "keeping_server.py", self.sick_file, ",".join(map(str, ports))]
        env = environment(PATIENT=" ".join(patient))
        self.program = stage.program(*host, *command, *addresses, env=env, ready="^ready")

    def sick(self, *addresses, word="health"):
        """From now on these alone say that they are unwell."""
        new = self.sick_file.with_suffix(".new")
        new.write_text("".join(f"{address} {word}\n" for address in addresses))
        new.rename(self.sick_file)


class HeldSockets:
    """See held_sockets.py."""

    def __init__(self, stage, kind, address, port, count, host=()):
        command = [sys.executable, HERE / "held_sockets.py", kind, address, port, count]
        self.count = count
        self.program = stage.program(*host, *command)
        self.program.wait_for_log("holding", 30)

    def told(self):
        """What it tells at the moment: ended, first, last, gap."""
        lines = self.program.log().count("\n")
        self.program.signal(signal.SIGUSR1)
        until(lambda: self.program.log().count("\n") > lines, "held sockets told of")
        return json.loads(self.program.log().splitlines()[-1])

    def ended(self):
        return self.told()["ended"]

    def wait_until_all_ended(self, timeout=10):
        until(lambda: self.ended() == self.count, f"{self.count} sockets ended", timeout)
        return self.told()


# ---- real programs -----------------------------------------------------------------------------


def lacking(kind):
    """Why a program can't run here, or None."""
    wants = {"psql": "psql", "mariadb": "mariadb", "java": "javac", "go": "go"}
    if kind == "psql" and not POSTGRES:
        return "PostgreSQL is not installed"
    if kind == "requests_stream" or kind == "requests_pool":
        found = run(sys.executable, "-c", "import requests", check=False).returncode == 0
        return None if found else "python3-requests is not installed"
    return None if shutil.which(wants.get(kind, "sh")) else f"{wants[kind]} is not installed"


def built(kind, folder):
    """The command of a program that is built first; see keepers/."""
    if kind == "java":
        run("javac", "-d", folder, KEEPERS / "Keeper.java")
        # As the README has it for programs in Java.
        lively = ("-Dsun.net.inetaddr.ttl=0", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
        return ["java", *lively, "-cp", folder, "Keeper"]
    env = environment(CGO_ENABLED="0", GOCACHE=str(Path(folder) / "cache"), GOFLAGS="", GO111MODULE="off")
    run("go", "build", "-o", folder / "keeper", KEEPERS / "keeper.go", env=env)
    shutil.rmtree(Path(folder) / "cache")
    return [folder / "keeper"]


@dataclass
class Event:
    time: float
    word: str
    text: str


class Keeper:
    """A program that keeps a connection to what is at `where`."""

    def __init__(self, stage, kind, where, command=None):
        command = command or [sys.executable, KEEPERS / "keeper.py", kind]
        self.kind = kind
        self.program = stage.program(*command, where, env=environment())

    def events(self, word=None, since=0.0):
        lines = re.findall(r"^(\d+\.\d+) (\w+) (.*)$", self.program.log(), re.M)
        found = [Event(float(time), word_, text) for time, word_, text in lines]
        return [each for each in found if word in (None, each.word) and each.time >= since]

    def wait_until_holding(self):
        self.program.wait_for_log(r"\d holding ", 30)


NGINX = """\
daemon off; master_process off; user root; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; scgi_temp_path {folder}/scgi; uwsgi_temp_path {folder}/uwsgi;
  upstream app {{
    server {first}:8080;
    server {other}:8080 backup;
    keepalive 4;
  }}
  server {{
    listen {where};
    location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def nginx_before(stage, first, other, where):
    """An nginx that keeps connections to the first, and asks the other one when that fails."""
    folder = stage.new_folder()
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, first=first, other=other, where=where))
    return stage.program("/usr/sbin/nginx", "-c", settings)


def known_to_hosts(stage, names):
    """Lines of /etc/hosts: {name: addresses}."""
    hosts = Path("/etc/hosts")
    lines = [f"{address} {name}\n" for name, each in names.items() for address in each]
    stage.parts.enter_context(saying(hosts, hosts.read_text() + "".join(lines)))
