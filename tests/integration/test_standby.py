"""Which priorities serve: standbys that help, panic, and primaries that come back."""

import json
import time

import pytest
from hlbctl import hlbctl
from lookups import Hammer, lookup
from scraping import AT, samples, scrape
from waiting import until
from world import RUNTIME, config, service

PRIMARIES = [f"127.0.1.{number}" for number in range(1, 11)]
STANDBYS = [f"127.0.2.{number}" for number in range(1, 11)]
PRIMARY, STANDBY = PRIMARIES[0], STANDBYS[0]
NAME = "standby.test"
QUICK = {"interval": "100ms", "timeout": "100ms", "max_flaps": 0}


def answered():
    return sorted(lookup(NAME).addresses)


def standing_by(*addresses):
    return [{"address": address, "priority": 1} for address in addresses]


def start(stage, bus, backends, **keys):
    services = config(service(NAME, backends, check=QUICK, answer="all", **keys), metrics=AT)
    hlbd = stage.hlbd(services, bus="system", env=bus.env)
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    return hlbd


def status(bus):
    (told,) = json.loads(hlbctl(bus, "status", "--json").stdout)["services"]
    return told


def headline(bus):
    lines = hlbctl(bus, "status").stdout.splitlines()
    return next(line for line in lines if line.startswith(NAME))


# What is told of a start where the standby's first outcome comes before the primary's.
STANDBY_KNOWN_FIRST = [
    ("priority 0", "priority 1", "priority 0 has too few healthy backends"),
    ("priority 1", "priority 0", "priority 0 is healthy again"),
]


def serving_events(bus):
    events = map(json.loads, hlbctl(bus, "events", "--json").stdout.splitlines())
    return [
        (each["before"], each["now"], each["reason"])
        for each in events
        if each["what"] == "serving"
    ]


# ---- min_healthy and panic -------------------------------------------------------------------


def test_standbys_serve_as_well_when_nine_of_ten_primaries_are_dead(stage, bus):
    stage.backend(PRIMARY, *STANDBYS)
    others = stage.backend(*PRIMARIES[1:])
    hlbd = start(stage, bus, PRIMARIES + standing_by(*STANDBYS), min_healthy="50%")
    assert answered() == sorted(PRIMARIES)
    others.kill()
    until(lambda: answered() == sorted([PRIMARY, *STANDBYS]), "the standbys beside the last one")
    assert status(bus)["serving"] == "priorities 0 to 1"
    until(  # a suspect, which is left out already, still counts as up
        lambda: headline(bus).endswith(", 11 of 20 up, priorities 0 to 1"), "the nine down"
    )
    hlbd.wait_for_log(
        f"{NAME}: serving priority 0 -> priorities 0 to 1: "
        "priority 0 has too few healthy backends"
    )
    others.start()
    until(lambda: answered() == sorted(PRIMARIES), "the primaries alone")
    assert serving_events(bus)[-1][1:] == (
        "priority 0",
        "priority 0 has enough healthy backends again",
    )


def test_in_panic_all_are_answered_and_it_is_said_where_users_look(stage, bus):
    stage.backend(*PRIMARIES[:2])
    others = stage.backend(*PRIMARIES[2:4])
    idle = {"address": STANDBYS[0], "weight": 0}  # of the share it is no part
    hlbd = start(stage, bus, [*PRIMARIES[:4], idle], panic="60%")
    assert answered() == PRIMARIES[:4]
    others.kill()
    hlbd.wait_for_log(
        f"warning {NAME}: serving priority 0 -> all backends: "
        "panic: 2 of 4 backends healthy, fewer than 60%"
    )
    until(lambda: answered() == PRIMARIES[:4], "all of them")
    assert status(bus)["serving"] == "all backends"
    assert headline(bus).endswith(", 2 of 5 up, 4 answered, panic")
    why = hlbctl(bus, "resolve", NAME).stdout
    assert why.count("so few are up that all are answered (panic)") == 4
    assert samples(scrape(AT))[f'hlb_service_panic{{service="{NAME}"}}'] == 1
    hlbctl(bus, "drain", PRIMARIES[3])
    until(lambda: answered() == PRIMARIES[:2], "the two of three that are up")
    assert f'hlb_service_panic{{service="{NAME}"}}' not in samples(scrape(AT))


def test_every_lookup_is_answered_while_primaries_flap_around_min_healthy(stage, bus):
    stage.backend(PRIMARY, *STANDBYS[:2])
    others = stage.backend(*PRIMARIES[1:4])
    standbys = standing_by(*STANDBYS[:2])
    hlbd = start(stage, bus, PRIMARIES[:4] + standbys, min_healthy=2, panic="40%")
    hammer = Hammer(stage, NAME, seconds=6, threads=2)
    for _ in range(4):
        others.kill()
        hlbd.wait_for_log("serving priority 0 -> priorities 0 to 1")
        time.sleep(0.5)
        others.start()
        time.sleep(0.5)
    assert hammer.result().statuses() == {"OK"}


# ---- failback --------------------------------------------------------------------------------


@pytest.fixture
def primary(stage):
    stage.backend(STANDBY)
    return stage.backend(PRIMARY)


def fail_over(primary, hlbd):
    assert answered() == [PRIMARY]
    primary.kill()
    until(lambda: answered() == [STANDBY], "the failover")
    primary.start()


def test_a_primary_is_held_back_until_the_operator_says_so(stage, bus, primary):
    hlbd = start(stage, bus, [PRIMARY, *standing_by(STANDBY)], failback="manual")
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    at_start = serving_events(bus)
    assert at_start in ([], STANDBY_KNOWN_FIRST)
    refused = hlbctl(bus, "failback", NAME)
    assert refused.returncode == 1
    assert f"{NAME}: no backend is held back" in refused.stderr
    fail_over(primary, hlbd)
    hlbd.wait_for_log(
        f"{NAME}: a better priority is healthy again, priority 1 goes on serving until "
        f"hlbctl failback {NAME}"
    )
    assert answered() == [STANDBY]
    told = status(bus)
    assert (told["state"], told["up"], told["answered"]) == ("up", 2, 1)
    assert told["serving"] == "priority 1"
    assert [each["held_back"] for each in told["backends"]] == [True, False]
    assert headline(bus).endswith(", a better priority than priority 1 held back")
    assert "held back: its priority is 0" in hlbctl(bus, "resolve", NAME).stdout
    assert samples(scrape(AT))[f'hlb_service_held_back_backends{{service="{NAME}"}}'] == 1
    assert bus.manager("Failback", "s", NAME, user="nobody").returncode != 0
    assert answered() == [STANDBY]
    done = hlbctl(bus, "failback", NAME)
    assert (done.returncode, done.stdout) == (0, f"{NAME}: 1 backend held back no more\n")
    assert answered() == [PRIMARY]
    assert serving_events(bus)[len(at_start):] == [
        ("priority 0", "priority 1", "priority 0 has too few healthy backends"),
        ("priority 1", "priority 0", "failback, asked for"),
    ]
    assert hlbctl(bus, "failback", "none.test").returncode == 1


def test_what_is_held_back_stays_so_through_restarts_and_a_reload(stage, bus, primary):
    hlbd = start(stage, bus, [PRIMARY, *standing_by(STANDBY)], failback="manual")
    fail_over(primary, hlbd)
    hlbd.wait_for_log("a better priority is healthy again")
    for end in (hlbd.terminate, hlbd.kill):
        end()
        hlbd.restart()
        until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
        assert answered() == [STANDBY]
    hlbd.terminate()
    (hlbd.config_file.parent / "state/state.json").unlink()  # as after a boot
    (RUNTIME / "table").unlink()
    hlbd.restart()
    until(lambda: answered() != [], "an answer")
    assert answered() == [STANDBY]
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    assert hlbctl(bus, "failback", NAME).returncode == 0
    hlbd.kill()
    hlbd.restart()
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    assert answered() == [PRIMARY]


def test_a_rule_that_comes_back_finds_nothing_of_the_one_before(stage, bus, primary):
    backends = [PRIMARY, *standing_by(STANDBY)]
    hlbd = start(stage, bus, backends, failback="manual")
    fail_over(primary, hlbd)
    hlbd.wait_for_log("a better priority is healthy again")
    file = hlbd.config_file.parent / "state/failback.json"
    until(lambda: '"priority": 1' in file.read_text(), "the failover in the file")
    held = config(service(NAME, backends, check=QUICK, answer="all", failback="manual"))
    hlbd.reload(held.replace("127.0.2.1", "127.0.2.2"))
    until(lambda: answered() == [PRIMARY], "the primary, as the standby that served is gone")
    hlbd.reload(held.replace('failback = "manual"\n', ""))
    until(lambda: NAME not in file.read_text(), "nothing kept")
    hlbd.terminate()
    hlbd.write_config(held)
    hlbd.restart()
    until(lambda: answered() == [PRIMARY], "the primary")


def test_a_primary_that_has_been_healthy_for_so_long_serves_again(stage, bus, primary):
    hlbd = start(stage, bus, [PRIMARY, *standing_by(STANDBY)], failback="2s")
    fail_over(primary, hlbd)
    hlbd.wait_for_log("priority 1 goes on serving until it has been healthy for 2s")
    assert answered() == [STANDBY]
    until(lambda: answered() == [PRIMARY], "the failback")
    assert serving_events(bus)[-1][2] == "failback, priority 0 has been healthy for 2s"


def test_a_failback_that_cannot_be_kept_is_refused(stage, bus, primary):
    hlbd = start(stage, bus, [PRIMARY, *standing_by(STANDBY)], failback="manual")
    fail_over(primary, hlbd)
    hlbd.wait_for_log("a better priority is healthy again")
    file = hlbd.config_file.parent / "state/failback.json"
    until(lambda: '"priority": 1' in file.read_text(), "the failover in the file")
    (file.parent / "failback.json.new").mkdir()
    refused = bus.manager("Failback", "s", NAME)
    assert refused.returncode != 0 and "nothing is changed" in refused.stderr
    assert answered() == [STANDBY]
    assert bus.property("Degraded")
    (file.parent / "failback.json.new").rmdir()
    assert hlbctl(bus, "failback", NAME).returncode == 0
    assert answered() == [PRIMARY]
    assert bus.property("Degraded") == []


def test_a_file_that_cannot_be_used_is_a_warning(stage, bus, primary):
    hlbd = start(stage, bus, [PRIMARY, *standing_by(STANDBY)], failback="manual")
    hlbd.terminate()
    file = hlbd.config_file.parent / "state/failback.json"
    file.write_text("{ half")
    hlbd.restart()
    hlbd.wait_for_log(r"failback\.json is no JSON, .*: ignored, so that no priority is held back")
    assert file.with_suffix(".json.unusable").read_text() == "{ half"
    until(lambda: answered() == [PRIMARY], "the primary")
