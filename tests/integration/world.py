"""The ground the tests stand on: where things are, the network, and configurations.

Everything runs inside the namespaces of `world`; see programs.py for what is put up on it.
"""

import contextlib
import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
BUILD = Path(os.environ.get("BUILD", HERE.parents[1] / "build/release"))
RUNTIME = Path("/run/hlb")
PRELOAD = os.environ.get("PRELOAD")  # a sanitizer's run time, which its module needs

# The addresses that dnsmasq gives for every name, and no backend has: whoever sees them asked DNS.
DNS_IPV4 = "203.0.113.66"
DNS_IPV6 = "2001:db8::66"
DNS = {DNS_IPV4, DNS_IPV6}

PORT = 8082
# For checks that shall be quick; the timeout is long enough for a loaded machine.
CHECK = {"type": "http", "port": PORT, "interval": "250ms"}


def environment(**changes):
    """Ours, with the module found in the build folder."""
    preload = {"LD_PRELOAD": PRELOAD} if PRELOAD else {}
    return {**os.environ, **preload, "LD_LIBRARY_PATH": str(BUILD), **changes}


def seeing(runtime):
    """What to put before a command, so that this folder is /run/hlb to it; None: as it is."""
    return [BUILD / "tests/seeing", runtime] if runtime else []


def run(*command, env=None, check=True, timeout=60, runtime=None, given=None):
    command = [*seeing(runtime), *command]
    return subprocess.run(
        [str(each) for each in command], env=env or environment(), check=check, timeout=timeout, input=given,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextlib.contextmanager
def saying(path, text):
    """The file says that meanwhile, and afterwards what it said before."""
    before = Path(path).read_text()
    Path(path).write_text(text)
    try:
        yield
    finally:
        Path(path).write_text(before)


def fill(folder):
    """Leaves no room in its file system, until the file `ballast` there is removed."""
    with contextlib.suppress(OSError), open(Path(folder) / "ballast", "wb") as ballast:
        while True:
            ballast.write(b"x" * 4096)
            ballast.flush()


# ---- configuration ---------------------------------------------------------------------------


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return json.dumps(value)


def table_of(service):
    lines = ["[[service]]"] + [f"{key} = {toml(each)}" for key, each in service.items()]
    return "\n".join(lines) + "\n"


def service(name, backends, check=None, **keys):
    """One [[service]] of a configuration file. `check` changes single keys of CHECK."""
    check = {**CHECK, **(check or {})}
    return table_of({"name": name, "backends": backends, **keys, "check": check})


def pinged_service(name, backends, **check):
    """One whose backends are pinged, all of which are answered."""
    check = {"type": "icmp", "interval": "250ms", **check}
    return table_of({"name": name, "backends": backends, "answer": "all", "check": check})


def config(*services, **daemon):
    lines = ["[daemon]"] + [f"{key} = {toml(each)}" for key, each in daemon.items()]
    return "\n".join(lines) + "\n" + "\n".join(services)


SERVICES_PER_FILE = 5000  # hlbd reads at most 1 MiB of each file


def write_services(folder, services):
    """Has these services in the folder, and no others."""
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for start in range(0, len(services), SERVICES_PER_FILE):
        text = "".join(services[start : start + SERVICES_PER_FILE])
        (folder / f"{start:06}.toml").write_text(text)


# ---- the network -----------------------------------------------------------------------------

# Another host on our own subnets: 10.99.0.11 … 14 and fd99::11 … 14; we are 10.99.0.1 and fd99::1.
PEER_HOST = ("ip", "netns", "exec", "peer")


def ip(*words):
    return run("ip", *" ".join(words).split())


def ip_batch(lines, *options):
    batch = "".join(f"{line}\n" for line in lines)
    subprocess.run(["ip", *options, "-batch", "-"], input=batch, text=True, check=True)


def lay_out_network():
    hosts = (11, 12, 13, 14)
    ip_batch(
        [
            "netns add peer",
            "link add hlb0 type veth peer name eth0 netns peer",
            "link set hlb0 up",
            "addr add 10.99.0.1/24 dev hlb0",
            "addr add fd99::1/64 dev hlb0 nodad",
            # IPv6 backends on this host itself
            *(f"addr add fd77::{host}/128 dev lo nodad" for host in hosts),
        ]
    )
    ip_batch(
        [
            "link set eth0 up",
            "link set lo up",
            *(f"addr add 10.99.0.{host}/24 dev eth0" for host in hosts),
            *(f"addr add fd99::{host}/64 dev eth0 nodad" for host in hosts),
        ],
        "-netns",
        "peer",
    )
