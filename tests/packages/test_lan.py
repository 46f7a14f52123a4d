"""Four hosts on one switch: three run the app, the fourth has hlb."""

import subprocess
import time

import pytest
from machine import installed_layer
from waiting import until

from service import APP, addresses, answered, bring_tools, start_backend

HOSTS = ("10.96.0.11", "10.96.0.12", "10.96.0.13")
CLIENT = "10.96.0.1"


def ip(words):
    subprocess.run(["ip", *words.split()], check=True)


@pytest.fixture
def lan():
    """A switch with a port for each host; the hosts' own ends wait in namespaces h0 … h3."""
    ip("netns add switch")
    ip("-n switch link add bridge type bridge")
    ip("-n switch link set bridge up")
    for number, address in enumerate((CLIENT, *HOSTS)):
        ip(f"netns add h{number}")
        ip(f"-n h{number} link add eth0 type veth peer name port{number} netns switch")
        ip(f"-n h{number} link set lo up")
        ip(f"-n h{number} link set eth0 up")
        ip(f"-n h{number} addr add {address}/24 dev eth0")
        ip(f"-n switch link set port{number} master bridge up")
    yield
    for number in range(4):
        ip(f"netns del h{number}")
    ip("netns del switch")


@pytest.fixture
def hosts(boot, release, lan):
    """The client first; what its lookups may give within the fault's time is checked by fault()."""
    machines = [boot(release, installed_layer(release), netns="h0")]
    machines += [boot(release, netns=f"h{number}") for number in (1, 2, 3)]
    for machine in machines:
        bring_tools(machine)
    for machine in machines[1:]:
        start_backend(machine, "0.0.0.0")
    config = machines[0].file("/etc/hlb/hlbd.toml")
    listed = ", ".join(f'"{address}"' for address in HOSTS)
    config.write_text(config.read_text().replace('"127.0.0.1", "127.0.0.2"', listed))
    machines[0].run("systemctl", "reload", "hlbd")
    answered(machines[0], *HOSTS)
    return machines


def curl(client):
    done = client.run("curl", "-sS", "--max-time", "3", f"http://{APP}:8082", check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def seconds_until_left_out(client, address):
    start = time.monotonic()
    until(lambda: address not in addresses(client), f"{address} is left out", timeout=20)
    return time.monotonic() - start


# A timeout is noticed within the interval (2 s), the timeout (1 s), and the retries it takes.
LONGEST = 8

FAULTS = {
    "link down": (
        lambda: ip("-n switch link set port1 down"),
        lambda: ip("-n switch link set port1 up"),
    ),
    "address removed": (
        lambda: ip(f"-n h1 addr del {HOSTS[0]}/24 dev eth0"),
        lambda: ip(f"-n h1 addr add {HOSTS[0]}/24 dev eth0"),
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_of_the_network(hosts, what):
    client = hosts[0]
    cause, mend = FAULTS[what]
    cause()
    assert_served_without_the_first(client, what)
    mend()
    answered(client, *HOSTS)


def test_a_firewall_that_drops(hosts):
    client, first = hosts[:2]
    first.shell(
        "nft add table ip t; nft add chain ip t in '{ type filter hook input priority 0; }';"
        "nft add rule ip t in tcp dport 8082 drop"
    )
    assert_served_without_the_first(client, "firewall drop")
    first.shell("nft delete table ip t")
    answered(client, *HOSTS)


def test_a_host_whose_plug_is_pulled(hosts):
    client, first = hosts[:2]
    first.close()  # with its end of the cable, which goes with the last process
    ip("-n h1 link set eth0 down")
    assert_served_without_the_first(client, "powered off")


def assert_served_without_the_first(client, what):
    took = seconds_until_left_out(client, HOSTS[0])
    print(f"{client.name}: {what}: left out after {took:.1f} s")
    assert took <= LONGEST
    served = [curl(client) for _ in range(20)]
    assert None not in served
    assert set(served) == set(HOSTS[1:])
    assert f"{APP}/{HOSTS[0]}: up -> down" in client.journal()
