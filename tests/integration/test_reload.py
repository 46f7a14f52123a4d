"""A reload that changes more services than hlbd changes in one turn of its loop."""

import signal

import pytest
from leases import Lease
from lookups import Hammer, lookup
from programs import Hlbd
from waiting import until
from world import DNS, config, write_services

A, B = "127.0.0.11", "127.0.0.12"
MANY = 12_000
FIRST, LAST = "s0.test", f"s{MANY - 1}.test"


def text_of(number, address):
    return f"""\
[[service]]
name = "s{number}.test"
backends = ["{address}"]
check = {{ type = "none" }}
"""


class Host:
    def __init__(self, stage, numbers, address):
        self.folder = stage.new_folder()
        self.write(numbers, address)
        self.hlbd = stage.add(Hlbd(self.folder, config()))

    def write(self, numbers, address):
        texts = [text_of(number, address) for number in numbers]
        write_services(self.folder / "services.d", texts)

    def reload(self, numbers, address):
        self.write(numbers, address)
        self.hlbd.reload(config())


def answers(*names):
    return [lookup(name).addresses for name in names]


@pytest.mark.usefixtures("dns")
def test_all_services_change_and_each_lookup_is_right(stage):
    host = Host(stage, range(MANY), A)
    with Lease() as lease:
        hammers = [Hammer(stage, name, seconds=6, threads=2) for name in (FIRST, LAST)]
        until(lambda: all(each.running() for each in hammers), "lookups")
        for address in (B, A, B):
            host.reload(range(MANY), address)
            assert answers(FIRST, f"s{MANY // 2}.test", LAST) == [[address]] * 3
        for hammer in hammers:
            found = hammer.result()
            assert found.statuses() == {"OK"} and found.addresses() == {A, B}
    assert lease.least > 0.5
    assert f"reloaded: {MANY} of {MANY} services have a healthy backend" in host.hlbd.log()


@pytest.mark.usefixtures("dns")
def test_many_services_go_and_many_others_come(stage):
    host = Host(stage, range(MANY), A)
    host.reload(range(MANY - 1, 2 * MANY), B)
    assert set(lookup(FIRST).addresses) <= DNS
    assert answers(LAST, f"s{MANY}.test", f"s{2 * MANY - 1}.test") == [[B]] * 3
    host.reload(range(10), A)
    assert set(lookup(LAST).addresses) <= DNS and answers(FIRST) == [[A]]
    assert "reloaded: 10 of 10 services have a healthy backend" in host.hlbd.log()


@pytest.mark.usefixtures("dns")
def test_a_reload_asked_for_while_another_is_under_way_is_the_last_word(stage):
    host = Host(stage, range(MANY), A)
    host.write(range(MANY), B)
    host.hlbd.signal(signal.SIGHUP)
    host.reload(range(MANY), A)
    until(lambda: answers(FIRST, LAST) == [[A], [A]], "the last configuration in force")
    assert host.hlbd.log().count("reloaded: ") in (1, 2)
