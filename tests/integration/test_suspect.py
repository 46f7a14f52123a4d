"""A backend is left out of answers by its first failed probe, as a suspect."""

import json

import pytest
from buses import SystemBus
from hlbctl import hlbctl
from lookups import lookup
from scraping import AT, samples, scrape
from waiting import until
from world import config, service

A, B, A6 = "127.0.0.11", "127.0.0.12", "fd77::11"
NAME = "suspected.test"
NEVER_CONFIRMED = {"fall": 100}


@pytest.fixture
def mortal(stage):
    stage.backend(A, A6)
    return stage.backend(B)


def answered():
    return sorted(lookup(NAME).addresses)


def test_a_suspect_is_left_out_shown_as_one_and_back_with_its_next_pass(stage, mortal):
    bus = SystemBus(stage)
    services = config(service(NAME, [A, B], check=NEVER_CONFIRMED, answer="all"), metrics=AT)
    hlbd = stage.hlbd(services, bus="system", env=bus.env)
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    assert answered() == [A, B]
    mortal.kill()
    until(lambda: answered() == [A], "the suspect is left out")
    (told,) = json.loads(hlbctl(bus, "status", "--json").stdout)["services"]
    assert (told["state"], told["up"], told["answered"]) == ("up", 2, 1)
    assert [(each["state"], each["suspect"]) for each in told["backends"]] == [
        ("up", False),
        ("up", True),
    ]
    assert bus.ask("ListLeftOut", "s", NAME) == [[[NAME, B, True, False]]]
    assert f'hlb_backend_suspect{{backend="{B}",service="{NAME}"}}' in samples(scrape(AT))
    mortal.start()
    until(lambda: answered() == [A, B], "it is back")
    assert "down" not in hlbd.log()


def test_it_stays_while_nobody_else_can_be_answered_in_its_place(stage, mortal):
    backends = [A6, {"address": A, "priority": 1}, B]
    services = service(NAME, backends, check=NEVER_CONFIRMED, answer="all")
    stage.hlbd(config(services, metrics=AT))
    mortal.kill()
    failures = 'hlb_check_total{result="failed",type="http"}'
    until(lambda: samples(scrape(AT)).get(failures, 0) > 0, "its first failure")
    assert answered() == sorted([A6, B])
