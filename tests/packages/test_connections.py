"""A program that streams from a host which goes silent, and what ends its connection."""

import re

import pytest
from waiting import until

from service import APP, addresses, answered, bring_tools
from test_sandbox import exposure, main_pid

PORT = 8083
FIRST, SECOND = "10.97.1.2", "10.97.2.2"
# Says its own address: once, or without end at /stream.
SERVER = """
import http.server, time
class Says(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        said = self.connection.getsockname()[0].encode() + b"\\n"
        self.wfile.write(said)
        while self.path == "/stream":
            time.sleep(0.1)
            self.wfile.write(said)
http.server.ThreadingHTTPServer(("", %d), Says).serve_forever()
"""
SILENCE = (
    "table inet hole { chain in { type filter hook prerouting priority 0; policy drop; };"
    " chain out { type filter hook output priority 0; policy drop; }; }"
)


@pytest.fixture
def client(machine):
    """With two hosts, which are namespaces of it, each at its own link."""
    bring_tools(machine)
    machine.file("/srv/server.py").write_text(SERVER % PORT)
    for number, address in enumerate((FIRST, SECOND), 1):
        host = f"host{number}"
        machine.shell(
            f"ip netns add {host}; ip link add to-{host} type veth peer name eth0 netns {host};"
            f"ip addr add 10.97.{number}.1/24 dev to-{host}; ip link set to-{host} up;"
            f"ip -n {host} addr add {address}/24 dev eth0; ip -n {host} link set eth0 up"
        )
        machine.serve(host, "ip", "netns", "exec", host, "python3", "/srv/server.py")
    return machine


def configure(machine, keys):
    machine.file("/etc/hlb/hlbd.toml").write_text(
        f'[[service]]\nname = "{APP}"\nbackends = ["{FIRST}", "{SECOND}"]\n{keys}\n'
        f'[service.check]\ntype = "http"\nport = {PORT}\ninterval = "500ms"\ntimeout = "300ms"\n'
    )
    # What serves may not have started to listen.
    until(lambda: machine.run("hlbctl", "reload", check=False).returncode == 0, "hlbd reloads")
    answered(machine, FIRST, SECOND)


def stream_from(machine, address):
    """The log of a curl that streams from there, as others may from elsewhere."""
    for number in range(64):
        log = machine.folder / f"stream-{number}"
        machine.start(
            "sh", "-c", f"curl -sSN http://{APP}:{PORT}/stream; echo exit $? at $(date +%s.%N)", log=log.name
        )
        until(lambda log=log: log.read_text(), "the stream begins")
        if log.read_text().startswith(address):
            return log
    raise AssertionError(f"no stream of 64 came from {address}")


def fall_silent(machine):
    """The first host takes nothing and sends nothing any more."""
    machine.run("ip", "netns", "exec", "host1", "nft", SILENCE)


def told_at(machine, line):
    """When hlbd said that, in seconds."""
    journal = machine.run("journalctl", "--no-pager", "-o", "short-unix", "-u", "hlbd").stdout
    return float(re.search(rf"^([0-9.]+) .*{re.escape(line)}", journal, re.M).group(1))


def doctor(machine):
    return machine.run("hlbctl", "doctor", check=False).stdout


def unit(machine, name, about):
    return machine.run("systemctl", "show", "-P", about, name).stdout.strip()


def test_a_stream_ends_with_the_verdict_and_the_next_one_is_another_hosts(client):
    configure(client, 'close_connections = "stale"')
    log = stream_from(client, FIRST)
    fall_silent(client)
    until(lambda: "exit" in log.read_text(), "curl has an error", 20)
    assert "curl: (56) Recv failure: Software caused connection abort" in log.read_text()
    code, ended = re.search(r"^exit (\d+) at ([0-9.]+)$", log.read_text(), re.M).groups()
    assert code == "56"
    took = float(ended) - told_at(client, f"{APP}/{FIRST}: up -> down")
    print(f"{client.name}: curl's error came {1000 * took:.0f} ms after the verdict")
    assert took < 5
    until(lambda: f"{APP}/{FIRST}: ended 1 connection of this host to it" in client.journal(), "the log says so")
    again = client.run("curl", "-sS", "--max-time", "3", f"http://{APP}:{PORT}/")
    assert again.stdout == f"{SECOND}\n"
    assert client.state() == "running"


def test_without_the_option_nothing_runs_and_the_stream_hangs(client):
    configure(client, "")
    log = stream_from(client, FIRST)
    fall_silent(client)
    until(lambda: addresses(client) == {SECOND}, "the silent host is left out", 20)
    until(lambda: f"{APP}/{FIRST}: up -> down" in client.journal(), "and is down", 20)
    assert "exit" not in log.read_text()
    assert unit(client, "hlb-connections.service", "ExecMainStartTimestamp") == ""
    assert unit(client, "hlb-connections.service", "ActiveState") == "inactive"
    assert unit(client, "hlb-connections.socket", "ActiveState") == "active"
    assert "connections" not in doctor(client)


def test_it_can_do_nothing_else(client):
    configure(client, 'close_connections = "all"')
    until(lambda: unit(client, "hlb-connections", "ActiveState") == "active", "it is there")
    assert exposure(client, "hlb-connections") <= 2.0
    status = client.shell(f"cat /proc/{main_pid(client, 'hlb-connections')}/status").stdout
    net_admin = f"{1 << 12:016x}"
    assert re.search(rf"^CapBnd:\s+{net_admin}$", status, re.M)
    assert re.search(rf"^CapPrm:\s+{net_admin}$", status, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert re.search(r"^Seccomp:\s+2$", status, re.M)
    assert int(re.search(r"^Uid:\s+(\d+)", status, re.M).group(1)) in range(61184, 65520)  # systemd's for such units


def test_doctor_finds_a_socket_that_was_stopped_and_what_it_says_helps(client):
    configure(client, 'close_connections = "stale"')
    assert "programs in 2 other network namespaces keep theirs" in doctor(client)
    assert "hlb-connections.socket" not in doctor(client)
    client.run("systemctl", "disable", "--now", "hlb-connections.socket")
    assert "note: connections: nobody listens at /run/hlb-connections/socket." in doctor(client)
    command = re.search(r"Type: (systemctl .* hlb-connections\.socket)", doctor(client)).group(1)
    client.shell(command)
    assert "hlb-connections" not in doctor(client)
    log = stream_from(client, FIRST)
    fall_silent(client)
    until(lambda: "exit 56" in log.read_text(), "curl has an error", 20)
