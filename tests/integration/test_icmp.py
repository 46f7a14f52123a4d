"""Checks of type icmp: replies, silence and refusals of another host, over both kinds of socket."""

import re
import socket
import struct
import time
from pathlib import Path

import pytest
from lookups import lookup
from waiting import until
from world import BUILD, PEER_HOST, config, ip, pinged_service, run, saying

NAME = "echo.test"
OF_PEER = {"IPv4": "10.99.0.12", "IPv6": "fd99::12"}
PING_GROUPS = Path("/proc/sys/net/ipv4/ping_group_range")


def pinged(*addresses, **check):
    """A configuration that has these addresses pinged."""
    return config(pinged_service(NAME, addresses, **check), log_level="debug")


@pytest.fixture(params=["raw", "ping"])
def kind(request):
    """The kind of socket that hlbd gets: a raw one, unless its group may have the other."""
    with saying(PING_GROUPS, "0 0" if request.param == "ping" else "1 0"):
        yield request.param


@pytest.fixture(params=OF_PEER)
def address(request):
    return OF_PEER[request.param]


@pytest.fixture
def rules():
    """Packet filter rules of a host: rules(command prefix, hook, rule)."""
    hosts = []

    def rule(host, hook, text):
        hosts.append(host)
        chain = f"add chain inet faults {hook} {{ type filter hook {hook} priority 0; }}"
        run(*host, "nft", f"add table inet faults; {chain}; add rule inet faults {hook} {text}")

    def forget():
        while hosts:
            run(*hosts.pop(), "nft", "delete table inet faults")

    rule.forget = forget
    yield rule
    forget()


@pytest.fixture
def added():
    """Adds addresses for the time of a test: added("10.97.0.1/16 dev hlb0", …)."""
    addresses = []

    def add(*each):
        for address in each:
            ip(f"addr add {address}")
            addresses.append(address)

    yield add
    for address in addresses:
        ip(f"addr del {address}")


def answered():
    return set(lookup(NAME).addresses)


def sockets_of(hlbd):
    """In which tables of the kernel hlbd has a socket, once for each."""
    inodes = {str(entry.readlink()) for entry in Path(f"/proc/{hlbd.pid}/fd").iterdir()}
    found = []
    for table in ("icmp", "icmp6", "raw", "raw6"):
        lines = Path(f"/proc/{hlbd.pid}/net/{table}").read_text().splitlines()[1:]
        found += [table for line in lines if f"socket:[{line.split()[9]}]" in inodes]
    return found


def test_backends_that_answer_are_up_over_one_socket_for_each_family(stage, kind):
    addresses = [f"10.99.0.{host}" for host in (11, 12, 13, 14)]
    addresses += [f"fd99::{host}" for host in (11, 12, 13, 14)] + ["127.0.0.1", "::1"]
    hlbd = stage.hlbd(pinged(*addresses))
    assert answered() == set(addresses)
    hlbd.wait_for_log(r"icmp 10\.99\.0\.12: echo reply after \d+us")
    assert sockets_of(hlbd) == {"raw": ["raw", "raw6"], "ping": ["icmp", "icmp6"]}[kind]


def test_a_link_local_backend_is_pinged_on_its_interface(stage, kind, added):
    ip("-n peer addr add fe80::99/64 dev eth0 nodad")
    added("fe80::1/64 dev hlb0")
    stage.hlbd(pinged("fe80::99%hlb0"))
    assert answered() == {"fe80::99"}  # the interface is in the scope id
    ip("-n peer addr del fe80::99/64 dev eth0")
    until(lambda: not answered(), "the silent backend out of the answers")


def test_a_backend_whose_packets_are_dropped_goes_and_comes_back(stage, kind, address, rules):
    hlbd = stage.hlbd(pinged("127.0.0.1", address))
    assert answered() == {"127.0.0.1", address}
    rules(PEER_HOST, "input", "meta l4proto { icmp, ipv6-icmp } drop")
    until(lambda: answered() == {"127.0.0.1"}, "the silent backend out of the answers")
    hlbd.wait_for_log(rf"{address}: up -> down: no reply in 250ms \(2 in a row\b")
    rules.forget()
    until(lambda: answered() == {"127.0.0.1", address}, "the backend back in the answers")


# What nft rejects with, over IPv4 and IPv6 → what hlbd says of it.
REJECTIONS = {
    ("port-unreachable", "port-unreachable"): "port unreachable",
    ("admin-prohibited", "admin-prohibited"): "administratively prohibited",
    ("host-unreachable", "addr-unreachable"): "host unreachable",
}


@pytest.fixture(scope="module")
def talkative_peer():
    """A host tells one other of no more than an error a second, unless told to."""
    run(*PEER_HOST, "sysctl", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")


@pytest.mark.usefixtures("talkative_peer")
@pytest.mark.parametrize("rejection", REJECTIONS, ids=lambda each: each[0])
def test_a_backend_that_rejects_is_told_apart(stage, kind, address, rules, rejection):
    hlbd = stage.hlbd(pinged("127.0.0.1", address))
    icmp, code = ("icmpv6", rejection[1]) if ":" in address else ("icmp", rejection[0])
    rules(PEER_HOST, "input", f"{icmp} type echo-request reject with {icmp} type {code}")
    reason = f"{REJECTIONS[rejection]}, says {address}"
    hlbd.wait_for_log(rf"{address}: up -> down: {reason} \(2 in a row\b")
    assert answered() == {"127.0.0.1"}
    rules.forget()
    until(lambda: answered() == {"127.0.0.1", address}, "the backend back in the answers")


def test_a_backend_whose_address_is_gone_is_left_out(stage, kind):
    gone = {"IPv4": "10.99.0.13", "IPv6": "fd99::13"}
    hlbd = stage.hlbd(pinged("127.0.0.1", *gone.values()))
    assert answered() == {"127.0.0.1", *gone.values()}
    ip("-n peer addr del 10.99.0.13/24 dev eth0")
    ip("-n peer addr del fd99::13/64 dev eth0")
    until(lambda: answered() == {"127.0.0.1"}, "the backends out of the answers")
    for address in gone.values():
        hlbd.wait_for_log(rf"{re.escape(address)}: up -> down: (no reply in|host unreachable, says)")
    ip("-n peer addr add 10.99.0.13/24 dev eth0")
    ip("-n peer addr add fd99::13/64 dev eth0 nodad")
    until(lambda: answered() == {"127.0.0.1", *gone.values()}, "the backends back in the answers")


def test_an_address_that_nobody_has_is_unreachable(stage, kind):
    # The host finds out after three seconds.
    nobodys = {"10.99.0.99": "10.99.0.1", "fd99::99": "fd99::1"}
    hlbd = stage.hlbd(pinged("127.0.0.1", *nobodys, interval="10s", timeout="5s"))
    for address, host in nobodys.items():
        hlbd.wait_for_log(rf"{address}: unknown -> down: host unreachable, says {host} \(1 in")
    assert answered() == {"127.0.0.1"}


# The kernel says nothing of it to a ping socket of IPv6.
OWN_FILTER = [("raw", "IPv4"), ("ping", "IPv4"), ("raw", "IPv6")]


@pytest.mark.parametrize(("kind", "address"), OWN_FILTER, indirect=True)
def test_what_the_hosts_own_filter_forbids_changes_nothing(stage, kind, address, rules):
    hlbd = stage.hlbd(pinged("127.0.0.1", address))
    rules((), "output", "meta l4proto { icmp, ipv6-icmp } drop")
    hlbd.wait_for_log(rf"icmp {address}: no probe: Operation not permitted")
    hlbd.wait_for_log(rf"(?s)(icmp {address}: no probe.*){{4}}")
    assert answered() == {"127.0.0.1", address}
    assert "-> down" not in hlbd.log()


def test_hundreds_that_nobody_answers_for_hide_none_that_answers(stage, kind, added):
    # Packets that the kernel can't deliver, as nobody has the address, fill the sockets' buffers. It
    # keeps track of 1024 neighbours at most.
    added("10.97.0.1/16 dev hlb0")
    silent = [f"10.97.{high}.{low}" for high in range(1, 5) for low in range(1, 226)]
    hlbd = stage.hlbd(pinged(OF_PEER["IPv4"], *silent, interval="2s"))
    assert answered() == {OF_PEER["IPv4"]}
    # Not by the lines of their states, of which most come as a sum.
    silent_ones = re.compile(r"debug icmp (10\.97\.\S+): no reply in 1s after")
    until(lambda: set(silent_ones.findall(hlbd.log())) == set(silent), "each silent one told")
    assert "no probe" not in hlbd.log()
    assert len(sockets_of(hlbd)) > 1


def wakeups(hlbd):
    status = Path(f"/proc/{hlbd.pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.MULTILINE)[1])


@pytest.mark.parametrize(("address", "message"), [("127.0.0.1", 8), ("::1", 128)])
def test_pings_of_others_do_not_wake_hlbd(stage, kind, address, message):
    hlbd = stage.hlbd(pinged("127.0.0.1", "::1", interval="1m"))
    family, protocol = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6) if ":" in address
        else (socket.AF_INET, socket.IPPROTO_ICMP)
    )  # fmt: skip
    before = wakeups(hlbd)
    with socket.socket(family, socket.SOCK_RAW, protocol) as other:
        for number in range(1000):
            request = struct.pack("!BBHHH8x", message, 0, 0, 7, number)
            checksum = sum(struct.unpack("!8H", request))
            checksum = ~(checksum + (checksum >> 16)) & 0xFFFF
            other.sendto(request[:2] + struct.pack("!H", checksum) + request[4:], (address, 0))
            time.sleep(0.0005)
        assert other.recv(100)
    # It wakes up for its own sake, to renew its lease, but not for each of those.
    assert wakeups(hlbd) - before < 300


# ---- where hlbd may have neither kind of socket ------------------------------------------------

REFUSAL = r'hlbd\.toml:7:\d+: "icmp" needs a right .*net\.ipv4\.ping_group_range.*CAP_NET_RAW'
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def start_as(user, folder, *options):
    folder.chmod(0o777)
    file = folder / "hlbd.toml"
    file.write_text(pinged("127.0.0.1"))
    command = [BUILD / "hlbd", "--config", file, "--runtime-dir", folder / "run"]
    command += ["--state-dir", folder / "state", "--bus", "none", *options]
    return run(*user, *command, check=False, timeout=20)


@pytest.fixture
def open_folder():
    folder = Path("/run/icmp")
    folder.mkdir()
    yield folder
    run("rm", "-r", folder)


@pytest.mark.parametrize("option", [(), ("--check-config",)], ids=["", "check-config"])
def test_a_user_who_may_not_ping_gets_a_config_error(open_folder, option):
    ended = start_as(NOBODY, open_folder, *option)
    assert ended.returncode == 1
    assert re.search(REFUSAL, ended.stderr), ended.stderr


def test_either_right_is_enough(open_folder):
    with_capability = (*NOBODY, "--inh-caps=+net_raw", "--ambient-caps=+net_raw")
    ended = start_as(with_capability, open_folder, "--check-config")
    assert ended.returncode == 0, ended.stderr
    before = PING_GROUPS.read_text()
    PING_GROUPS.write_text("65534 65534")
    ended = start_as(NOBODY, open_folder, "--check-config")
    PING_GROUPS.write_text(before)
    assert ended.returncode == 0, ended.stderr
