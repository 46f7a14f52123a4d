"""This host's connections to backends: counted wherever an operator looks, waited for by drains, and
ended when the operator says so."""

import json
import re
import signal
import socket
import subprocess
import sys

import pytest
from hlbctl import HLBCTL, NO_HANG, FakeHlbd, Terminal, hlbctl, hlbctl_environment
from scraping import AT, samples, scrape
from waiting import until
from world import PORT, config, run, service, table_of

A, B = "127.0.0.11", "127.0.0.12"
A6 = "fd77::11"
NAME = "app.test"


@pytest.fixture
def backends(stage):
    return stage.backend(A, B, A6)


@pytest.fixture
def start(stage, bus, backends):
    def start(*services, **daemon):
        hlbd = stage.hlbd(config(*(services or [service(NAME, [A, B])]), **daemon), bus="system",
                          env=bus.env)  # fmt: skip
        until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
        return hlbd

    return start


class Clients:
    """Connections of this test, a program of this host."""

    def __init__(self):
        self.all = []

    def connect(self, address, port=PORT, many=1, family=None):
        for _ in range(many):
            client = socket.socket(family or (socket.AF_INET6 if ":" in address else socket.AF_INET))
            self.all.append(client)
            client.connect((address, port))
        return self.all[-many:]

    def close(self):
        for each in self.all:
            each.close()
        self.all.clear()


@pytest.fixture
def clients(stage):
    return stage.add(Clients())


def counts(bus, name="", user="root"):
    return {(each[0], each[1]): each[2] for each in bus.ask("ListConnections", "s", name, user=user)[0]}


def counted(bus, expected, name=""):
    """Counts are up to a second old."""
    until(lambda: counts(bus, name) == expected, f"{expected}, not {counts(bus, name)}")


def unchecked(name, backends, **keys):
    """A service that hlbd has no connections to, and of which nothing says at which ports it is used."""
    return table_of({"name": name, "backends": backends, **keys, "check": {"type": "none"}})


def used_at(name, backends, *ports):
    return unchecked(name, backends, close_ports=ports)


def was_ended(client):
    """Whether the kernel has ended it: a program's next call fails."""
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionAbortedError:
        return True


def json_of(bus, *words):
    said = json.loads(hlbctl(bus, "status", "--json", *words).stdout)
    return {backend["address"]: backend["connections"] for backend in said["services"][0]["backends"]}


# ---- counts ------------------------------------------------------------------------------------


def test_connections_are_counted_at_the_ports_where_a_service_is_used(start, bus, clients, stage):
    other = stage.backend(A, port=9000)
    start(
        service(NAME, [A, B]),
        service("both.test", [A, A6], close_ports=[PORT, 9000]),
        unchecked("any.test", [A]),
    )
    clients.connect(A, many=3)
    clients.connect("::ffff:" + A)
    clients.connect(A, port=9000, many=2)
    clients.connect(A6)
    expected = {(NAME, A): 4, (NAME, B): 0, ("both.test", A): 6, ("both.test", A6): 1, ("any.test", A): 6}
    counted(bus, expected)
    counted(bus, {key: many for key, many in expected.items() if key[0] == "both.test"}, "both.test")
    other.kill()  # and with it one side of two
    counted(bus, {**expected, ("both.test", A): 4, ("any.test", A): 4})


def test_what_hlbd_has_itself_does_not_count(start, bus, clients, stage):
    words = f"-u -m http.server --protocol HTTP/1.1 --bind {A} 9000"
    stage.program(sys.executable, *words.split(), ready="Serving HTTP")
    hlbd = start(service(NAME, [A], check={"reuse": True, "port": 9000}))
    to_backend = ("ss", "-Htnp", "state", "established", f"dst {A}:9000")
    until(lambda: f"pid={hlbd.pid}," in run(*to_backend).stdout, "a connection that checks keep")
    clients.connect(A, port=9000)
    counted(bus, {(NAME, A): 1})


def test_whoever_may_read_may_count_and_nobody_counts_what_is_no_service(start, bus, clients):
    start()
    clients.connect(B, many=2)
    until(lambda: counts(bus, NAME, user="nobody") == {(NAME, A): 0, (NAME, B): 2}, "the counts")
    refused = bus.manager("ListConnections", "s", "nix.test")
    assert "nix.test: no service has this name" in refused.stderr


def test_the_status_shows_them(start, bus, clients, stage):
    start()
    clients.connect(A, many=12)
    until(lambda: json_of(bus) == {A: 12, B: 0}, "12 of them as JSON")
    text = hlbctl(bus).stdout
    assert "CONN" in text.splitlines()[1]
    column = text.splitlines()[1].index("CONN") + len("CONN")
    assert [line[:column].split()[-1] for line in text.splitlines()[3:5]] == ["12", "0"]
    on_terminal, status = stage.add(Terminal(bus, "status")).end()
    assert status == 0
    assert "CONN" in on_terminal
    watching = stage.add(Terminal(bus, "status", "--watch", "0.2"))
    watching.wait_for("CONN")
    watching.type("q")
    assert watching.end()[1] == 0


def test_an_hlbd_that_cannot_count_leaves_them_out(stage, bus):
    says = {"properties": {}, "services": [[NAME, "up", 1, 1, 1, 10]],
            "backends": [[NAME, A, PORT, "up", 10, "ok", "", 1, 100, 0, [1000]]]}  # fmt: skip
    FakeHlbd(stage, bus, says)  # knows no such method
    status = hlbctl(bus)
    assert (status.returncode, status.stderr) == (0, "")
    assert "CONN" not in status.stdout
    assert json_of(bus) == {A: None}
    drained = hlbctl(bus, "drain", A, "--wait")
    assert drained.returncode == 3
    assert "older" in drained.stderr


def test_the_metrics_have_them_if_the_configuration_says_so(start, bus, clients):
    hlbd = start(metrics=AT, count_connections=True)
    clients.connect(A, many=3)
    series = f'hlb_backend_connections{{backend="{A}",service="{NAME}"}}'
    until(lambda: samples(scrape()).get(series) == 3, "3 in the metrics", 25)
    assert samples(scrape())[series.replace(A, B)] == 0
    hlbd.reload(config(service(NAME, [A, B]), metrics=AT))
    assert "hlb_backend_connections" not in scrape()


def test_without_a_question_nothing_is_counted(start, bus):
    hlbd = start()
    threads = f"/proc/{hlbd.pid}/task"
    before = len(run("ls", threads).stdout.split())
    bus.ask("ListBackends", "s", "")
    assert len(run("ls", threads).stdout.split()) == before
    counts(bus)
    assert len(run("ls", threads).stdout.split()) == before + 1


# ---- drains ------------------------------------------------------------------------------------


class Drain:
    """A running `hlbctl drain` with pipes."""

    def __init__(self, bus, *words):
        self.process = subprocess.Popen(
            [str(HLBCTL), *words], env=hlbctl_environment(bus), text=True, bufsize=1,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def end(self):
        """What it has still said, and how it ended."""
        out, err = self.process.communicate(timeout=NO_HANG)
        return out.splitlines(), err, self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def test_a_drain_waits_until_no_connection_is_left(start, bus, clients, stage):
    start()
    first, *others = clients.connect(A, many=3)
    clients.connect(B)
    drain = stage.add(Drain(bus, "drain", f"{NAME}/{A}", "--wait"))
    assert drain.line() == f"{NAME}/{A}: 1 backend drained"
    assert drain.line() == "3 connections left"
    first.close()
    assert drain.line() == "2 connections left"
    for each in others:
        each.close()
    assert drain.end() == (["no connection is left"], "", 0)


def test_progress_is_rewritten_in_place_on_a_terminal(start, bus, clients, stage):
    start()
    clients.connect(A, many=2)
    terminal = stage.add(Terminal(bus, "maintenance", A, "--wait"))
    terminal.wait_for("\r2 connections left after ")
    clients.close()
    text, status = terminal.end()
    assert status == 0
    lines = text.splitlines(keepends=True)[1:]
    assert not any(line.endswith("left\n") for line in lines[:-1])
    assert re.fullmatch(r"\rno connection is left *\n", text[text.rindex("\r"):])


def test_progress_on_a_dumb_terminal_is_a_line_for_each_change(start, bus, clients, stage):
    start()
    clients.connect(A, many=2)
    terminal = stage.add(Terminal(bus, "maintenance", A, "--wait", TERM="dumb"))
    terminal.wait_for("\n2 connections left\n")
    clients.close()
    text, status = terminal.end()
    assert (text.splitlines()[1:], status) == (["2 connections left", "no connection is left"], 0)
    assert "\r" not in text


def test_a_drain_that_is_over_before_says_what_is_left(start, bus, clients):
    start()
    clients.connect(A, many=2)
    drained = hlbctl(bus, "drain", A, "--wait", "--for", "1500ms")
    assert drained.returncode == 1
    assert drained.stderr == "hlbctl: the drain is over, and 2 connections are left\n"


def test_a_drain_that_is_lifted_meanwhile_is_over(start, bus, clients, stage):
    start()
    clients.connect(A)
    drain = stage.add(Drain(bus, "drain", A, "--wait"))
    drain.line()
    assert drain.line() == "1 connection left"
    assert hlbctl(bus, "clear", A).returncode == 0
    assert drain.end() == ([], "hlbctl: the drain is over, and 1 connection is left\n", 1)


def test_a_drain_waits_for_all_targets(start, bus, clients, stage):
    start()
    clients.connect(A)
    clients.connect(B, many=2)
    drain = stage.add(Drain(bus, "drain", A, f"{NAME}/{B}", "--wait", "--yes"))
    assert [drain.line(), drain.line()] == [f"{A}: 1 backend drained", f"{NAME}/{B}: 1 backend drained"]
    assert drain.line() == "3 connections left"
    clients.close()
    said, err, status = drain.end()
    assert (said, status) == (["no connection is left"], 0)
    assert err == f"hlbctl: warning: {NAME} has no backend left for lookups\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_wait_leaves_the_drain_in_force(start, bus, clients, stage, number):
    start()
    clients.connect(A)
    drain = stage.add(Drain(bus, "drain", A, "--wait"))
    drain.line()
    assert drain.line() == "1 connection left"
    drain.process.send_signal(number)
    said, err, status = drain.end()
    assert (said, status) == ([], 1)
    assert err == f"hlbctl: the drain stays in force: hlbctl clear {A}\n"
    overrides = {each[1]: each[7] for each in bus.ask("ListBackends", "s", NAME)[0]}
    assert overrides == {A: "drain", B: ""}


def test_a_dry_run_counts_what_would_be_waited_for(start, bus, clients):
    start(service(NAME, [A, B], check={"interval": "1h"}))  # a probe meanwhile might be counted
    kept = clients.connect(A, many=3)
    clients.connect(B)
    tried = hlbctl(bus, "drain", A, "--close-after", "5s", "--dry-run")
    assert "3 connections of this host would be waited for, and what is left after 5s ended\n" in tried.stdout
    assert tried.returncode == 0 and not any(was_ended(each) for each in kept)


def test_what_is_left_after_a_while_is_ended(start, bus, clients):
    hlbd = start(used_at(NAME, [A, B], PORT))
    ended = clients.connect(A, many=3)
    [spared] = clients.connect(B)
    drained = hlbctl(bus, "drain", A, "--close-after", "1s")
    assert drained.stderr == ""
    assert drained.stdout.splitlines()[-2:] == ["ended 3 connections", "no connection is left"]
    assert drained.returncode == 0
    assert all(was_ended(each) for each in ended)
    assert not was_ended(spared)
    assert f"{NAME}/{A}: ended 3 connections of this host to it, as root wanted" in hlbd.log()


def test_durations_that_make_no_sense_change_nothing(start, bus):
    start()
    for words, complaint in (
        (("--close-after", "soon"), "--close-after takes a duration from 1ms to 3650d"),
        (("--close-after", "1m", "--for", "30s"), "--close-after is to be shorter than --for"),
    ):
        refused = hlbctl(bus, "drain", A, *words)
        assert refused.returncode == 1
        assert complaint in refused.stderr
    assert {each[7] for each in bus.ask("ListBackends", "s", NAME)[0]} == {""}


# ---- ending them -------------------------------------------------------------------------------


def close(bus, target, idle_us=0, user="root"):
    return bus.manager("CloseConnections", "st", target, idle_us, user=user)


def closed(bus, target, idle_us=0):
    call = close(bus, target, idle_us)
    assert call.returncode == 0, call.stderr
    return json.loads(call.stdout)["data"][0]


def test_only_those_are_ended_that_were_idle_for_so_long(start, bus, clients):
    start(used_at(NAME, [A, B], PORT))
    idle = clients.connect(A, many=2)
    assert closed(bus, A, 3_600_000_000) == 0
    until(lambda: closed(bus, A, 500_000) > 0 and all(map(was_ended, idle)), "those idle for 0.5 s")
    [busy] = clients.connect(A)
    assert closed(bus, A, 60_000_000) == 0
    assert not was_ended(busy)
    assert closed(bus, f"{NAME}/*") == 1
    assert was_ended(busy)


def test_who_may_not_override_may_not_end_connections(start, bus, clients):
    start()
    [client] = clients.connect(A)
    refused = close(bus, A, user="nobody")
    assert "Access denied" in refused.stderr
    assert not was_ended(client)


def test_a_target_that_matches_nothing_is_refused_as_with_overrides(start, bus):
    start()
    refused = close(bus, "nix.test")
    overridden = bus.manager("SetOverride", "ssts", "nix.test", "drain", 0, "")
    assert refused.returncode != 0
    assert refused.stderr == overridden.stderr


def test_a_service_whose_ports_nothing_says_keeps_its_connections(start, bus, clients):
    start(unchecked(NAME, [A]))
    [client] = clients.connect(A)
    assert "see close_ports" in close(bus, NAME).stderr
    assert not was_ended(client)


def test_another_service_that_uses_the_address_keeps_its_connections(start, bus, clients, stage):
    stage.backend(A, port=9000)
    start(service(NAME, [A], close_ports=[PORT, 9000]), service("other.test", [A, B]))
    [shared] = clients.connect(A)
    [own] = clients.connect(A, port=9000)
    assert closed(bus, NAME) == 1
    assert was_ended(own)
    assert not was_ended(shared)
    refused = close(bus, "other.test/" + A)
    assert "another service has it in use" in refused.stderr
    assert hlbctl(bus, "drain", f"other.test/{A}").returncode == 0
    assert closed(bus, NAME) > 0  # hlbd's own to it, perhaps, as it runs as root
    assert was_ended(shared)


def test_a_target_that_means_all_services_of_an_address_ends_all_there(start, bus, clients):
    start(used_at(NAME, [A, B], PORT), used_at("other.test", [A], PORT))
    [client] = clients.connect(A)
    assert closed(bus, A) == 1
    assert was_ended(client)


def test_where_connections_cannot_be_ended_the_drain_says_why(stage, bus, backends, clients):
    hlbd = stage.hlbd(config(service(NAME, [A])), bus="system", env=bus.env,
                      options=("--connections-socket", "/run/nobody-listens"))  # fmt: skip
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    [client] = clients.connect(A)
    drained = hlbctl(bus, "drain", A, "--close-after", "1s", "--yes")
    assert drained.returncode == 1
    assert "can't reach hlb-connections" in drained.stderr
    assert not was_ended(client)
    assert hlbd.running()
