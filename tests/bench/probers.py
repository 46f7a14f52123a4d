"""The probers whose cost is compared: hlbd, HAProxy, gdnsd, and the floor that they all stand on.

Each is told to check the same addresses at one port by one method, at the shortest interval that it
takes, but not below a second. `inside` is the command prefix of the network namespace it runs in.
"""

from pathlib import Path

import servers
from programs import Notifications, Program
from world import BUILD, config, environment, service, write_services

PORT = 8098  # where nothing else listens, in any namespace
IN_A_SERVICE = 10  # backends
METHODS = ["tcp", "http", "reuse"]  # reuse: http on a connection that is kept


def addresses(count):
    """So many, of loopback."""
    return [f"127.{1 + n // 62500}.{n // 250 % 250}.{n % 250 + 1}" for n in range(count)]


def grouped(found):
    """Number and addresses of each service."""
    starts = range(0, len(found), IN_A_SERVICE)
    return [(start // IN_A_SERVICE, found[start : start + IN_A_SERVICE]) for start in starts]


class Prober(Program):
    """A running prober. Without addresses it has nothing to do, and shows what it needs for that.
    `interval` is in seconds."""

    name = ""
    methods = ()
    interval = 1

    def __init__(self, folder, method, found, inside=()):
        self.folder = Path(folder)
        command, env = self.prepare(method, found)
        super().__init__([*inside, *command], self.folder / "log", env)

    def prepare(self, method, found):
        """Writes what it has to be told; the command, and its environment or None for ours."""
        raise NotImplementedError


class Floor(Prober):
    name = "floor"
    methods = METHODS

    def prepare(self, method, found):
        told = self.folder / "addresses"
        told.write_text("\n".join(found))
        command = f"exec {BUILD}/bench/engine_floor {method} {PORT} {self.interval * 1000} <{told}"
        return ["sh", "-c", command], None


class HlbdProber(Prober):
    name = "hlbd"
    methods = METHODS
    build = BUILD  # the folder of its programs

    def prepare(self, method, found):
        self.runtime = self.folder / "runtime"
        self.notifications = Notifications(self.folder / "notify")
        (self.folder / "hlbd.toml").write_text(config(log_level="warn"))
        write_services(self.folder / "services.d", self.services(method, found))
        command = [self.build / "hlbd", "--config", self.folder / "hlbd.toml", "--bus", "none",
                   "--runtime-dir", self.runtime, "--state-dir", self.folder / "state"]
        return command, environment(NOTIFY_SOCKET=str(self.notifications.path))

    def services(self, method, found):
        if not found:
            return ['[[service]]\nname = "s.bench"\nbackends = ["127.0.0.1"]\n'
                    'check = { type = "none" }\n']
        check = {"port": PORT, "interval": f"{self.interval}s", "timeout": "900ms"}
        check |= {"type": "tcp"} if method == "tcp" else {"type": "http", "path": "/"}
        check |= {"reuse": True} if method == "reuse" else {}
        return [service(f"s{number}.bench", group, check) for number, group in grouped(found)]

    def ready(self):
        return self.notifications.count("READY", "1") > 0

    def close(self):
        super().close()
        self.notifications.close()


HAPROXY = """\
global
  nbthread 1
  maxconn 100
  stats socket {folder}/stats level admin
defaults
  mode http
  timeout connect 900ms
  timeout check 900ms
  timeout server 900ms
  timeout client 900ms
  default-server inter {interval}s
"""
HTTPCHK = """\
  option httpchk
  http-check send meth GET uri / ver HTTP/1.1 hdr Host s.bench
"""


class Haproxy(Prober):
    name = "HAProxy"
    methods = ["tcp", "http"]

    def prepare(self, method, found):
        lines = [HAPROXY.format(folder=self.folder, interval=self.interval)]
        for number, group in grouped(found):
            lines.append(f"backend s{number}\n" + (HTTPCHK if method == "http" else ""))
            lines += [f"  server {each} {each}:{PORT} check\n" for each in group]
        settings = self.folder / "haproxy.cfg"
        settings.write_text("".join(lines))
        return [servers.peer("/usr/sbin/haproxy"), "-db", "-f", settings], None


GDNSD = """\
options => {{
  listen => 127.0.0.1,
  dns_port => 5300,
  udp_threads => 1,
  tcp_threads => 1,
  run_dir => {folder}/run,
  state_dir => {folder}/state,
}}
service_types => {{
  tcp => {{ plugin => tcp_connect, port => {port}, interval => {interval}, timeout => 1 }}
  http => {{ plugin => http_status, port => {port}, vhost => s.bench, interval => {interval},
             timeout => 1 }}
}}
plugins => {{ {plugins} }}
"""


class Gdnsd(Prober):
    name = "gdnsd"
    methods = ["tcp", "http"]
    interval = 2  # its timeout is 1 s at least, and must be shorter than this

    def prepare(self, method, found):
        for each in ["run", "state", "zones"]:
            (self.folder / each).mkdir()
        resources = [
            f"s{number} => {{ service_types => {method}, addrs_v4 => [ {', '.join(group)} ] }}\n"
            for number, group in grouped(found)
        ]
        plugins = f"multifo => {{\n{''.join(resources)}}}" if resources else ""
        (self.folder / "config").write_text(GDNSD.format(
            folder=self.folder, port=PORT, interval=self.interval, plugins=plugins))
        return [servers.peer("/usr/sbin/gdnsd"), "-c", self.folder, "start"], None


ALL = [Floor, HlbdProber, Haproxy, Gdnsd]
