"""A fleet on a real etcd: what stands in its keys, and hosts that follow it."""

import json

from waiting import until
from world import PORT, toml

PREFIX = "/hlb/1/"
NAME = "app.internal"
CHECK = {"type": "http", "port": PORT, "interval": "250ms"}


def key(what, *names):
    """c/s, c/b, c/x or c/accept."""
    return PREFIX + "/".join(["c", what, *names])


class Fleet:
    """The catalog in an EtcdCluster, and configurations of hosts."""

    def __init__(self, etcd):
        self.etcd = etcd

    def put(self, what, /, *names, **fields):
        self.etcd.put(key(what, *names), json.dumps({"v": 1, **fields}))

    def delete(self, what, /, *names):
        self.etcd.delete(key(what, *names))

    def add_service(self, name=NAME, backends=(), check=None, **fields):
        """First the backends: so that the service is there as a whole at once."""
        for address in backends:
            self.put("b", name, address)
        self.put("s", name, check={**CHECK, **(check or {})}, **fields)

    def section(self, user=None, **changes):
        """[fleet] of a host."""
        keys = {"etcd": self.etcd.endpoints, "names": ["*.internal"], "allow": ["127.0.0.0/8", "10.99.0.0/16"], **changes}
        if user:
            keys["ca"], keys["certificate"], keys["key"] = map(str, self.etcd.certificate(user))
        return "[fleet]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in keys.items())


def catches_up(hlbd, what, condition, seconds=5):
    """A host shows it that soon."""
    until(condition, f"{what} at {hlbd.config_file.parent}", seconds)
