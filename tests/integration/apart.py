"""hlbd's helper as a service manager runs it: as a user of its own, behind its socket."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from programs import Program, as_user
from world import BUILD

FOLDER = Path("/run/hlb-programs")
SOCKET = FOLDER / "socket"
USERS = {"hlb": 8101, "hlb-programs": 8102}


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
    """hlb-programs, started for its socket, which outlives it."""

    def __init__(self, log):
        make_users()
        FOLDER.mkdir(exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(SOCKET))
        os.chmod(SOCKET, 0o600)
        shutil.chown(SOCKET, "hlb")
        self.listener.listen(16)
        command = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0"'
        command = [*as_user("hlb-programs"), "sh", "-c", command, BUILD / "hlb-programs"]
        super().__init__(command, log)

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False,
                preexec_fn=lambda: os.dup2(self.listener.fileno(), 3, inheritable=True),
            )  # fmt: skip

    def close(self):
        super().close()
        self.listener.close()
        shutil.rmtree(FOLDER)
