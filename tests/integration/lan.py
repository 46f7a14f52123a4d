"""A network to break: this host and two others on one switch, all in namespaces of their own."""

import subprocess
import sys

from world import HERE, ip, run

NEAR = "lan0"  # our interface: 10.97.0.1 and fd97::1
FAR = ("ip", "netns", "exec", "far")  # 10.97.0.11 … and fd97::11 …
FARTHER = ("ip", "netns", "exec", "farther")  # 10.97.0.201


class Lan:
    """Put up when it is made, and taken down with the stage. Our own link has this delay in seconds
    and loses that many of the packets (0 … 1), each way. Without any delay a reply can be there
    before connect() has returned, and the kernel then drops ICMP errors."""

    def __init__(self, stage, delay=0.001, loss=0.0):
        for host in ("switch", "far", "farther"):
            ip(f"netns add {host}")
            stage.parts.callback(ip, f"netns del {host}")
        stage.program(sys.executable, HERE / "lossy_link.py", NEAR, "near", delay, loss, 1,
                      ready="ready")  # fmt: skip
        ip("link set near netns switch")
        ip("-n switch link add bridge type bridge")
        ip("-n switch link set bridge up")
        for host in ("far", "farther"):
            ip(f"-n {host} link add eth0 type veth peer name {host} netns switch")
            ip(f"-n {host} link set eth0 up")
            ip(f"-n {host} link set lo up")
        for port in ("near", "far", "farther"):
            ip(f"-n switch link set {port} master bridge up")
        ip("-n farther addr add 10.97.0.201/24 dev eth0")
        # A host tells another one of so many errors by ICMP a second, and no more.
        run(*FAR, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        self.link_up()

    def link_up(self):
        """Our own link, with our addresses; that of IPv6 goes with it."""
        ip(f"link set {NEAR} up")
        ip(f"addr replace 10.97.0.1/24 dev {NEAR}")
        ip(f"addr replace fd97::1/64 dev {NEAR} nodad")


def far_addresses(*hosts):
    """Gives the far host the addresses with these last numbers; returns those of IPv4."""
    for host in hosts:
        ip(f"-n far addr add 10.97.0.{host}/24 dev eth0")
        ip(f"-n far addr add fd97::{host}/64 dev eth0 nodad")
    return [f"10.97.0.{host}" for host in hosts]


def firewall(rules):
    """The far host's firewall for what it receives; the rules are in the words of nft(8)."""
    table = "flush ruleset\ntable inet faults {\nchain input { type filter hook input priority 0;\n"
    subprocess.run([*FAR, "nft", "-f", "-"], input=table + "\n".join(rules) + "\n}\n}\n",
                   check=True, text=True, timeout=60)  # fmt: skip


def no_firewall():
    run(*FAR, "nft", "flush", "ruleset")
