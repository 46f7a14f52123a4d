"""hlbd's helpers as a service manager runs them: each as a user of its own, behind its socket."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from programs import Program, as_user
from world import BUILD

SOCKET = Path("/run/hlb-programs/socket")
USERS = {"hlb": 8101, "hlb-programs": 8102, "hlb-connections": 8103}
NET_ADMIN = [f"--{each}-caps=+net_admin" for each in ("inh", "ambient")] + ["--bounding-set=-all,+net_admin"]


def make_users():
    """In the world's own copy of /etc."""
    known = {each.pw_name for each in pwd.getpwall()}
    for name, number in USERS.items():
        if name in known:
            continue
        with open("/etc/passwd", "a") as users, open("/etc/group", "a") as groups:
            users.write(f"{name}:x:{number}:{number}::/:/usr/sbin/nologin\n")
            groups.write(f"{name}:x:{number}:\n")


class Helper(Program):
    """Started for its socket, which outlives it; with these options of setpriv(1)."""

    def __init__(self, log, name="hlb-programs", rights=()):
        make_users()
        self.socket = Path("/run") / name / "socket"
        self.socket.parent.mkdir(exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(self.socket))
        os.chmod(self.socket, 0o600)
        shutil.chown(self.socket, "hlb")
        self.listener.listen(16)
        command = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0"'
        super().__init__([*as_user(name), *rights, "sh", "-c", command, BUILD / name], log)

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False,
                preexec_fn=lambda: os.dup2(self.listener.fileno(), 3, inheritable=True),
            )  # fmt: skip

    def close(self):
        super().close()
        self.listener.close()
        shutil.rmtree(self.socket.parent)
