"""Real servers for backends: nginx, HAProxy, Redis, PostgreSQL, MariaDB. Each listens when it is
returned."""

import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from programs import as_user
from waiting import until

ONE_PROCESS = "daemon off; master_process off;"
NGINX = """\
{processes} user root; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  log_format requests "$connection $request_method $request_uri client=$proxy_protocol_addr";
  access_log {folder}/requests requests;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; scgi_temp_path {folder}/scgi; uwsgi_temp_path {folder}/uwsgi;
  keepalive_requests {keepalive_requests};
  server {{
    listen {address}:{port}{listen};
    location = / {{ return 200 "ready to serve\\n"; }}
    location = /moved {{ return 301 http://{address}:{port}/target; }}
    location = /missing {{ return 404; }}
    location = /error {{ return 500; }}
    location = /particular {{
      if ($host != "app.example") {{ return 421; }}
      if ($http_x_probe != "7") {{ return 403; }}
      return 200;
    }}
  }}
}}
"""

HAPROXY = """\
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend balanced
  bind {address}:{port}
  default_backend app
backend app
{servers}
"""


def listens(address, port):
    with socket.socket() as client:
        return client.connect_ex((address, port)) == 0


def started(program, address, port):
    def ready():
        assert program.running(), f"{program.command[0]} ended:\n{program.log()}"
        return listens(address, port)

    until(ready, f"{program.command[0]} listens", 30)
    return program


class Nginx:
    def __init__(self, stage, address, port, keepalive_requests=1000, listen="", processes=ONE_PROCESS):
        self.folder = stage.new_folder()
        settings = self.folder / "nginx.conf"
        settings.write_text(
            NGINX.format(folder=self.folder, address=address, port=port, listen=listen,
                         keepalive_requests=keepalive_requests, processes=processes)
        )  # fmt: skip
        self.program = started(stage.program("/usr/sbin/nginx", "-c", settings), address, port)

    def clients(self):
        """Who nginx was told is the client of each request, by the PROXY protocol."""
        return [line.split()[3] for line in (self.folder / "requests").read_text().splitlines()]

    def requests(self):
        """What was asked: connection, method and target of each."""
        return [line.split()[:3] for line in (self.folder / "requests").read_text().splitlines()]


def haproxy(stage, address, port, servers=()):
    settings = stage.new_folder() / "haproxy.cfg"
    lines = "\n".join(f"  server s{number} {each}" for number, each in enumerate(servers))
    settings.write_text(HAPROXY.format(address=address, port=port, servers=lines))
    return started(stage.program("/usr/sbin/haproxy", "-db", "-f", settings), address, port)


def redis(stage, address, port, *options, host=()):
    folder = stage.new_folder()
    program = stage.program(*host, "/usr/bin/redis-server", "--bind", address, "--port", port, "--dir",
                            folder, "--save", "", *options)  # fmt: skip
    return started(program, address, port)


POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def postgres(stage, address, port, host=()):
    """Without TLS, by a user who isn't root, as it wants it. Whoever reaches it may log in."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/run"))
    shutil.chown(folder, "nobody")
    as_nobody = as_user("nobody")
    subprocess.run([*as_nobody, POSTGRES[-1] / "initdb", "-D", folder / "data", "--no-sync"],
                   check=True, timeout=60, capture_output=True, cwd="/")  # fmt: skip
    with open(folder / "data/pg_hba.conf", "a", encoding="ascii") as who_may:
        who_may.write("host all all all trust\n")
    return stage.program(
        *host, *as_nobody, POSTGRES[-1] / "postgres", "-D", folder / "data", "-h", address, "-p", port,
        "-k", "", "-F", ready="ready to accept connections",
    )  # fmt: skip


# ---- MariaDB -----------------------------------------------------------------------------------


# A user who may come from any host; without one MariaDB sends every other host away.
ANYBODY = "FLUSH PRIVILEGES;\nCREATE USER anybody;\n"


def system_tables():
    """What mariadb-install-db does, which needs a package more."""
    folder, release = Path("/usr/share/mariadb"), "mariadb"
    if not folder.exists():
        folder, release = Path("/usr/share/mysql"), "mysql"  # before Debian 13
    files = ("system_tables", "performance_tables", "system_tables_data")
    scripts = [(folder / f"{release}_{each}.sql").read_text() for each in files]
    return "CREATE DATABASE mysql;\nUSE mysql;\n" + "".join(scripts) + ANYBODY


class Mariadb:
    """On another host, if `host` is its command prefix; root has no password."""

    def __init__(self, stage, address, port, *options, host=()):
        folder = stage.new_folder()
        self.data, self.socket = folder / "data", folder / "socket"
        self.data.mkdir()
        mariadbd = ("mariadbd", "--no-defaults", f"--datadir={self.data}", "--user=root")
        subprocess.run([*mariadbd, "--bootstrap", "--skip-networking"], input=system_tables(),
                       check=True, timeout=60, capture_output=True, text=True)  # fmt: skip
        self.program = stage.program(
            *host, *mariadbd, f"--socket={self.socket}", f"--bind-address={address}",
            f"--port={port}", *options, ready="ready for connections",
        )  # fmt: skip

    def status(self, name):
        """A number of SHOW GLOBAL STATUS."""
        with MysqlClient(self.socket) as client:
            return int(client.last_column(f"SHOW GLOBAL STATUS LIKE '{name}'"))


class MysqlClient:
    """Just enough of MySQL's protocol to log in as root and read one row."""

    CAPABILITIES = 0x00000200 | 0x00008000 | 0x00080000  # 4.1, secure connection, plugin auth

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.receive()  # the greeting
        login = struct.pack("<IIB23x", self.CAPABILITIES, 1 << 24, 33)
        self.send(1, login + b"root\0" + b"\0" + b"mysql_native_password\0")
        answer = self.receive()
        assert answer[0] == 0, answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.send(0, b"\x01")  # quit, or it would count as an aborted client
        self.socket.close()

    def send(self, number, payload):
        self.socket.sendall(struct.pack("<I", len(payload) | number << 24) + payload)

    def receive(self):
        (header,) = struct.unpack("<I", self.exactly(4))
        return self.exactly(header & 0xFFFFFF)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            data += self.socket.recv(count - len(data)) or self.fail()
        return data

    def fail(self):
        raise AssertionError("MariaDB closed the connection")

    def last_column(self, query):
        """Of the first row, as text; shorter than 251 bytes."""
        self.send(0, b"\x03" + query.encode())
        rows = [self.receive() for _ in range(self.receive()[0] + 2)]  # columns, their end, the row
        while self.receive()[0] != 0xFE:
            pass
        row, values = rows[-1], []
        while row:
            values.append(row[1 : 1 + row[0]].decode())
            row = row[1 + row[0] :]
        return values[-1]
