"""What hlbd says of its decisions: in lines for people, and in the journal's fields."""

import os
import re
import time

import pytest
from buses import SystemBus
from hlbctl import hlbctl
from journal import Journal, stream_of
from programs import Hlbd
from waiting import until
from world import RUNTIME, config, service, table_of

A, B = "127.0.0.11", "127.0.0.12"
NAME, OTHER = "app.test", "other.test"
STATE_ID = "c3a1f0b2d7584b6f9e0d4a7c1b52e863"
OVERRIDE_ID = "5f0a7d9c34c14de8a1b6c2e97d80f4b1"


@pytest.fixture
def backends(stage):
    return {address: stage.backend(address) for address in (A, B)}


# ---- lines -------------------------------------------------------------------------------------


def test_a_decision_is_one_line_with_its_evidence_and_times(stage, backends):
    hlbd = stage.hlbd(config(service(NAME, [A, B])))
    backends[B].kill()
    found = hlbd.wait_for_log(
        rf"warning {NAME}/{B}: up -> down: connection refused "
        r"\(2 in a row, (\d+\.\d\d) s after the first; up for (\d+\.\d\d|\d+) s before\)\n"
    )
    assert 0.05 <= float(found[1]) < 5
    backends[B].start()
    hlbd.wait_for_log(
        rf"info {NAME}/{B}: down -> up: HTTP 200 OK "
        r"\(2 in a row, \S+ s after the first; down for \S+ s before\)\n"
    )
    assert hlbd.log().count(f"{NAME}/{B}: up -> down") == 1


def test_the_first_outcome_has_nothing_before_it(stage, backends):
    hlbd = stage.hlbd(config(service(NAME, [A])))
    hlbd.wait_for_log(rf"info {NAME}/{A}: unknown -> up: HTTP 200 OK \(1 in a row\)\n")


def test_with_several_checks_the_line_says_which(stage, backends):
    checks = [{"type": "http", "port": 8082}, {"type": "tcp", "port": 9}]
    text = config(f'[[service]]\nname = "{NAME}"\nbackends = ["{A}"]\n' + "".join(
        f'[[service.check]]\ntype = "{each["type"]}"\nport = {each["port"]}\n' for each in checks
    ))  # fmt: skip
    hlbd = stage.hlbd(text)
    hlbd.wait_for_log(rf"{NAME}/{A}: unknown -> down: tcp {A}:9: connection refused \(1 in a row\)")


def test_probes_that_fail_again_and_again_are_no_news(stage):
    hlbd = stage.hlbd(config(service(NAME, [A], check={"interval": "50ms"})))
    lines = hlbd.log().count("\n")
    time.sleep(1)  # some twenty probes
    assert hlbd.log().count("\n") == lines
    hlbd.reload(config(service(NAME, [A], check={"interval": "50ms"}), log_level="debug"))
    hlbd.wait_for_log(rf"debug http {A}:8082: connection refused after \d+us\n")


def test_first_states_of_many_backends_are_told_as_a_sum(stage):
    up = [f"127.4.0.{low}" for low in range(1, 201)]
    down = [f"127.4.1.{low}" for low in range(1, 101)]
    program = stage.backend(*up)
    hlbd = stage.hlbd(config(service(NAME, [*up, *down], check={"type": "tcp"})))
    told = hlbd.wait_for_log(r"info 200 more backends have their first state: (\d+) up, (\d+) down\n")
    lines = hlbd.log()
    assert lines.count("unknown -> ") == 100
    assert int(told[1]) + lines.count("unknown -> up") == 200
    assert int(told[2]) + lines.count("unknown -> down") == 100
    program.kill()  # which is news, each one
    until(lambda: hlbd.log().count("up -> down") == 200, "a line for each that died")


def test_changes_of_very_many_backends_are_told_as_a_sum(stage, backends):
    many = [service(f"s{number}.test", [A], check={"type": "tcp"}) for number in range(1200)]
    hlbd = stage.hlbd(config(*many))
    backends[A].kill()
    hlbd.wait_for_log(r"warning 200 more backends changed: 0 up, 200 down\n")
    assert hlbd.log().count("up -> down") == 1000
    backends[A].start()
    hlbd.wait_for_log(r"info 200 more backends changed: 200 up, 0 down\n")
    assert hlbd.log().count("down -> up") == 1000


def test_a_sum_of_changes_under_maintenance_is_no_warning(stage, backends):
    many = [service(f"s{number}.test", [A], check={"type": "tcp"}) for number in range(1200)]
    bus = SystemBus(stage)
    hlbd = stage.hlbd(config(*many), bus="system", env=bus.env)
    until(lambda: bus.resolve("s0.test").returncode == 0, "org.hlb1 on the bus")
    assert hlbctl(bus, "maintenance", "*", "--yes").returncode == 0
    backends[A].kill()
    hlbd.wait_for_log(r"info 200 more backends changed: 0 up, 200 down\n")


def test_a_state_that_a_reload_brings_is_told(stage):
    def checked_at(name, *ports):
        return table_of({"name": name, "backends": [A], "check": [{"type": "tcp", "port": port} for port in ports]})

    stage.backend(A)
    hlbd = stage.hlbd(config(checked_at(NAME, 8082), checked_at("b.test", 9)))
    hlbd.wait_for_log("unknown -> down")
    hlbd.reload(config(checked_at(NAME, 8082, 9), checked_at("b.test", 9)))
    hlbd.wait_for_log(
        rf"warning {NAME}/{A}: up -> down: tcp {A}:9: connection refused \(known already; up for [\d.]+ m?s before\)\n"
    )


def test_backends_that_nobody_checks_are_told_as_a_sum(stage):
    plain = table_of({"name": "plain.test", "backends": [A, B], "check": {"type": "none"}})
    stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A]), plain))
    hlbd.wait_for_log(r"info 2 backends taken for up, not checked\n")
    assert hlbd.log().count("unknown -> up") == 1


def test_lines_that_nobody_takes_are_dropped_counted_and_told(stage):
    reader, writer = os.pipe()
    dead = [f"127.2.{high}.{low}" for high in range(2) for low in range(1, 201)]
    text = config(service(NAME, dead, check={"type": "tcp", "interval": "50ms"}), log_level="debug")
    hlbd = stage.hlbd(text, stderr=os.fdopen(writer, "wb"))
    with os.fdopen(reader, "rb") as lines:
        time.sleep(3)  # some 20,000 probes, of which 8,192 wait
        told = next(line for line in lines if b"dropped" in line)
    assert re.fullmatch(rb"hlbd: \d{3,} log lines were dropped: they weren't taken in time\n", told)
    assert hlbd.running()


def test_overrides_of_very_many_backends_are_told_as_a_sum(stage):
    many = [f"127.4.{high}.{low}" for high in range(6) for low in range(1, 201)]
    bus = SystemBus(stage)
    text = f'[[service]]\nname = "{NAME}"\nbackends = {many}\ncheck = {{ type = "none" }}\n'
    hlbd = stage.hlbd(config(text), bus="system", env=bus.env)
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    assert hlbctl(bus, "drain", NAME, "--yes").returncode == 0
    hlbd.wait_for_log(r"info 200 more overrides changed\n")
    assert hlbd.log().count("override none -> drain by root\n") == 1000
    assert hlbctl(bus, "clear", NAME, "--yes").returncode == 0
    until(lambda: hlbd.log().count("info 200 more overrides changed\n") == 2, "the sum of those cleared")


# ---- the journal -------------------------------------------------------------------------------


class Scene:
    """hlbd as systemd starts it, on a bus."""

    def __init__(self, stage, text):
        self.journal = stage.add(Journal())
        self.bus = SystemBus(stage)
        folder = stage.new_folder()
        RUNTIME.mkdir(exist_ok=True)
        (folder / "hlbd.log").touch()
        env = {**self.bus.env, "JOURNAL_STREAM": stream_of(folder / "hlbd.log")}
        self.hlbd = stage.add(Hlbd(folder, text, bus="system", env=env))

    def wait_for(self, **fields):
        return until(lambda: self.journal.find(**fields), f"{fields} in the journal")[0]


@pytest.fixture
def scene(stage, backends):
    return Scene(stage, config(service(NAME, [A, B]), service(OTHER, [A])))


def test_the_journal_finds_decisions_by_service_backend_and_state(scene, backends):
    first = scene.wait_for(HLB_SERVICE=OTHER)
    assert (first["HLB_BACKEND"], first["HLB_OLD_STATE"], first["HLB_STATE"]) == (A, "unknown", "up")
    backends[B].kill()
    entry = scene.wait_for(HLB_SERVICE=NAME, HLB_BACKEND=B, HLB_STATE="down")
    in_microseconds = {key: int(entry.pop(key)) for key in ("HLB_DECIDED_IN_USEC", "HLB_LASTED_USEC")}
    message = entry.pop("MESSAGE")
    assert entry == {
        "MESSAGE_ID": STATE_ID,
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "hlbd",
        "HLB_SERVICE": NAME,
        "HLB_BACKEND": B,
        "HLB_OLD_STATE": "up",
        "HLB_STATE": "down",
        "HLB_REASON": "connection refused",
        "HLB_CHECK": f"http {B}:8082",
        "HLB_IN_A_ROW": "2",
    }
    assert 50_000 <= in_microseconds["HLB_DECIDED_IN_USEC"] <= in_microseconds["HLB_LASTED_USEC"]
    assert re.match(rf"{NAME}/{B}: up -> down: connection refused \(2 in a row, ", message)
    assert scene.journal.find(MESSAGE_ID=STATE_ID, HLB_SERVICE=OTHER) == [first]


def test_the_journal_finds_overrides(scene):
    reason = "line one\nline two"  # as only a sized field can hold it
    until(lambda: scene.bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    call = ("call", "org.hlb1", "/org/hlb1", "org.hlb1.Manager", "SetOverride", "ssts")
    scene.bus.busctl(*call, f"{NAME}/{B}", "maintenance", 0, reason)
    entry = scene.wait_for(HLB_OVERRIDE="maintenance")
    assert entry == {
        "MESSAGE": f"{NAME}/{B}: override none -> maintenance by root: line one\\nline two",
        "MESSAGE_ID": OVERRIDE_ID,
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "hlbd",
        "HLB_SERVICE": NAME,
        "HLB_BACKEND": B,
        "HLB_OLD_OVERRIDE": "none",
        "HLB_OVERRIDE": "maintenance",
        "HLB_REASON": reason,
        "HLB_SET_BY": "0",
    }


def test_nobody_is_alarmed_by_a_backend_under_maintenance(scene, backends):
    until(lambda: scene.bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    call = ("call", "org.hlb1", "/org/hlb1", "org.hlb1.Manager", "SetOverride", "ssts")
    scene.bus.busctl(*call, f"{NAME}/{B}", "maintenance", 0, "new disk")
    scene.wait_for(HLB_OVERRIDE="maintenance")
    backends[B].kill()
    assert scene.wait_for(HLB_BACKEND=B, HLB_STATE="down")["PRIORITY"] == "6"


def test_the_other_lines_go_to_the_journal_too_and_none_to_standard_error(scene):
    scene.wait_for(MESSAGE="ready: 2 of 2 services have a healthy backend", PRIORITY="6",
                   SYSLOG_IDENTIFIER="hlbd")  # fmt: skip
    assert scene.hlbd.log() == ""
