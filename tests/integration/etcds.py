"""A real etcd of one member or several, on loopback, with or without TLS and users."""

import json
import os
import shutil
import signal
from pathlib import Path

from waiting import until
from world import run

# Where etcd and etcdctl are: another release's can be tried.
PROGRAMS = Path(os.environ.get("ETCD", "/usr/bin"))
CLIENTS, PEERS = 2379, 2380  # ports


class EtcdCluster:
    """Serves when it is made, and ends with the stage. Member 0 is at 127.0.10.1, 1 at 127.0.10.2 and
    so on. With an `authority` clients need certificates of it; their common names are users once
    allow() has been called."""

    def __init__(self, stage, members=1, authority=None, options=(), net=10):
        self.stage, self.authority = stage, authority
        self.addresses = [f"127.0.{net}.{number + 1}" for number in range(members)]
        self.names = [f"etcd{number + 1}" for number in range(members)]
        self.folder = stage.new_folder()
        self.options = [str(each) for each in options]
        self.users = set()
        if authority:
            for name, address in zip(self.names, self.addresses):
                authority.issue(name, [name, address])
            self.certificate("root")
        # The clients' side alone is encrypted: what members say to each other is none of hlb's.
        self.members = [stage.program(*self.command(number)) for number in range(members)]
        for number in range(members):
            self.wait_until_serving(number)

    def endpoint(self, number):
        return f"{'https' if self.authority else 'http'}://{self.addresses[number]}:{CLIENTS}"

    @property
    def endpoints(self):
        return [self.endpoint(number) for number in range(len(self.addresses))]

    def data(self, number):
        return self.folder / self.names[number]

    def command(self, number):
        name, address = self.names[number], self.addresses[number]
        pairs = zip(self.names, self.addresses)
        command = [
            PROGRAMS / "etcd", "--name", name, "--data-dir", self.data(number),
            "--listen-client-urls", self.endpoint(number), "--advertise-client-urls", self.endpoint(number),
            "--listen-peer-urls", f"http://{address}:{PEERS}",
            "--initial-advertise-peer-urls", f"http://{address}:{PEERS}",
            "--initial-cluster", ",".join(f"{each}=http://{where}:{PEERS}" for each, where in pairs),
        ]  # fmt: skip
        if self.authority:
            own, key = self.authority.path(name), self.authority.path(name, "key")
            command += ["--client-cert-auth", "--trusted-ca-file", self.authority.certificate,
                        "--cert-file", own, "--key-file", key]  # fmt: skip
        return [*command, *self.options]

    def wait_until_serving(self, number, times=1):
        def serves():
            member = self.members[number]
            assert member.running(), f"{self.names[number]} ended:\n{member.log()[-4000:]}"
            return member.log().count("ready to serve client requests") >= times

        until(serves, f"{self.names[number]} serves", 30)

    # ---- what befalls members ------------------------------------------------------------------

    def pause(self, *numbers):
        for number in numbers:
            self.members[number].signal(signal.SIGSTOP)

    def go_on(self, *numbers):
        for number in numbers:
            self.members[number].signal(signal.SIGCONT)

    def kill(self, *numbers):
        for number in numbers:
            self.members[number].kill()

    def restart(self, *numbers):
        """After kill()."""
        times = [self.members[number].log().count("ready to serve client requests") for number in numbers]
        for number in numbers:
            self.members[number].start()
        for number, before in zip(numbers, times):
            self.wait_until_serving(number, before + 1)

    def wipe(self, number):
        """Has the member begin anew, with nothing: for an etcd of one."""
        self.kill(number)
        shutil.rmtree(self.data(number))
        self.restart(number)

    def leader(self):
        status = json.loads(self.ctl("endpoint", "status", "-w", "json"))
        leaders = {each["Status"]["leader"] for each in status}
        leading = [each["Endpoint"] for each in status if each["Status"]["header"]["member_id"] in leaders]
        assert len(leading) == 1, f"no single leader: {status}"
        return self.endpoints.index(leading[0])

    # ---- what an operator does -----------------------------------------------------------------

    def certificate(self, name, **options):
        """The files of a client's certificate with this common name: ca, certificate, key."""
        if not Path(self.authority.path(name)).exists():
            self.authority.issue(name, [name], **options)
        return self.authority.certificate, self.authority.path(name), self.authority.path(name, "key")

    def ctl(self, *words, members=None, user="root", given=None):
        """What etcdctl prints, given this to read; it asks any of these members."""
        endpoints = [self.endpoint(number) for number in members] if members else self.endpoints
        files = []
        if self.authority:
            ca, certificate, key = self.certificate(user)
            files = ["--cacert", ca, "--cert", certificate, "--key", key]
        command = [PROGRAMS / "etcdctl", "--endpoints", ",".join(endpoints), *files, *words]
        return run(*command, env={**os.environ, "ETCDCTL_API": "3"}, given=given).stdout

    def put(self, key, value):
        self.ctl("put", key, value)

    def delete(self, key, *options):
        self.ctl("del", key, *options)

    def revision(self):
        return json.loads(self.ctl("get", "/", "-w", "json"))["header"]["revision"]

    def compact(self, revision=None):
        revision = revision or self.revision()
        self.ctl("compact", str(revision))
        return revision

    def allow(self, user, *rights):
        """Gives the user of a certificate these rights, as ("read", "/hlb/1/c/"), each on all keys that
        begin so. From the first call on nobody may do anything else."""
        if not self.users:
            self.ctl("user", "add", "root", "--no-password")
            self.ctl("user", "grant-role", "root", "root")
            self.ctl("auth", "enable")
        self.users.add(user)
        self.ctl("user", "add", user, "--no-password")
        self.ctl("role", "add", user)
        self.ctl("user", "grant-role", user, user)
        for right, prefix in rights:
            self.ctl("role", "grant-permission", user, right, prefix, "--prefix=true")
