"""A program that keeps a connection to a backend, as many do: python3 keeper.py KIND WHERE

Prints a line for each thing that happens, as TIME WORD TEXT: "holding" once it has its connection,
"error" when it learns that it is lost, "next" when its next request is answered, with what the
answer says. The idle ones make their next request when they get a SIGUSR1. WHERE is the service's
name, or what the kind's function says.
"""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection

HTTP = 8080
WITH_US = ("setpriv", "--pdeathsig", "KILL")  # before a command that is not to outlive this one


def say(word, text):
    print(f"{time.time():.6f} {word} {' '.join(str(text).split())}", flush=True)


def curl(name):
    command = [*WITH_US, "curl", "-sSN", f"http://{name}:{HTTP}/stream"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as download:
        download.stdout.read(10)
        say("holding", "a download")
        download.stdout.read()
        say("error", download.stderr.read().decode())
    say("next", subprocess.check_output(["curl", "-sS", f"http://{name}:{HTTP}/"], text=True))


def requests_stream(name):
    import requests

    session = requests.Session()
    try:
        holding = False
        for _ in session.get(f"http://{name}:{HTTP}/stream", stream=True).iter_content(None):
            if not holding:
                say("holding", "a download")
            holding = True
    except requests.RequestException as error:
        say("error", error)
    say("next", session.get(f"http://{name}:{HTTP}/").text)


def requests_pool(name):
    """Holds nothing but an idle connection, and only its next request tells what became of it."""
    import requests

    session = requests.Session()
    say("holding", session.get(f"http://{name}:{HTTP}/").text)
    signal.sigwait([signal.SIGUSR1])
    say("next", session.get(f"http://{name}:{HTTP}/").text)


class Terminal:
    """A program as people use it, for whom it connects anew by itself."""

    def __init__(self, *command):
        self.seen = ""  # and not waited for yet
        pid, self.master = pty.fork()
        if pid == 0:
            os.execvp(WITH_US[0], [*WITH_US, *command])

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def wait_for(self, pattern):
        """What the group of the regular expression matches."""
        while not (match := re.search(pattern, self.seen)):
            self.seen += os.read(self.master, 65536).decode(errors="replace")
        self.seen = self.seen[match.end() :]
        return match[1]


def psql(name):
    database = f"host={name} user=nobody dbname=postgres sslmode=disable"
    terminal = Terminal("psql", "--no-psqlrc", "--pset=pager=off", database)
    terminal.wait_for(r"(postgres=)")
    terminal.type("SELECT 'at ' || host(inet_server_addr());")
    say("holding", terminal.wait_for(r" at ([\d.]+)"))
    terminal.type("SELECT pg_sleep(600);")
    say("error", terminal.wait_for(r"(connection to the server was lost)"))
    terminal.wait_for(r"(Succeeded)")
    terminal.type("SELECT 'at ' || host(inet_server_addr());")
    say("next", terminal.wait_for(r" at ([\d.]+)"))


def redis(name):
    """Waits for an element of a list that only healthy backends have."""
    pipe, command = subprocess.PIPE, [*WITH_US, "redis-cli", "-h", name]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True) as client:
        client.stdin.write("PING\nBLPOP elements 0\n")
        client.stdin.flush()
        say("holding", client.stdout.readline())
        say("error", client.stdout.readline())
    say("next", subprocess.check_output([*command, "LINDEX", "elements", "0"], text=True))


def mariadb(name):
    """Nothing in the protocol tells which address of a server answers."""
    terminal = Terminal("mariadb", "--no-defaults", "-h", name, "-u", "anybody")
    terminal.wait_for(r"(MariaDB .*> )")
    say("holding", "a session")
    terminal.type("SELECT SLEEP(600);")
    say("error", terminal.wait_for(r"(ERROR 2013 .*)"))
    terminal.type("SELECT CONCAT('some ', 'healthy backend') AS answer;")
    say("next", terminal.wait_for(r"(some healthy backend)"))


def nginx(where):
    """The client of an nginx at this address and port, which keeps connections to the backends. What
    fails there nginx asks of another one."""
    connection = HTTPConnection(where)
    for path in ("/", "/wait"):
        connection.request("GET", path)
        say("holding" if path == "/wait" else "asking", path)
        answer = connection.getresponse().read().decode()
    say("next", answer)


def cached(address):
    """Resolves the name but once, and connects to the same address anew whenever it fails."""
    while True:
        try:
            with socket.create_connection((address, HTTP)) as connection:
                say("holding", address)
                while connection.recv(4096):
                    pass
        except OSError as error:
            say("error", error)


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
KINDS = {
    function.__name__: function
    for function in (
        curl, requests_stream, requests_pool, psql, redis, mariadb, nginx, cached,
    )  # fmt: skip
}
KINDS[sys.argv[1]](sys.argv[2])
