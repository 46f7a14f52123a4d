"""org.hlb1 on the system bus: readable by hand, and never a condition for lookups."""

import time

import pytest
from buses import SETTINGS, BrokerBus, SystemBus
from lookups import lookup
from waiting import until
from world import config, service

A, A6 = "127.0.0.11", "fd77::11"
NAME = "bus.test"


@pytest.fixture(params=[SystemBus, BrokerBus], ids=["dbus-daemon", "dbus-broker"])
def bus(request, stage):
    return request.param(stage)


@pytest.fixture
def hlbd(stage, bus):
    stage.backend(A, A6)
    services = config(service(NAME, [A, A6]), service("none.test", ["127.0.0.21"]))
    hlbd = stage.hlbd(services, bus="system", env=bus.env)
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    return hlbd


def test_resolve_is_readable_by_hand(hlbd, bus):
    answer = bus.resolve(NAME).stdout
    assert f'"{A}"' in answer and f'"{A6}"' in answer


def test_resolve_gives_the_asked_family_alone(hlbd, bus):
    only_ipv4 = bus.resolve(NAME, 2).stdout
    only_ipv6 = bus.resolve(NAME, 10).stdout
    assert f'"{A}"' in only_ipv4 and A6 not in only_ipv4
    assert f'"{A6}"' in only_ipv6 and A not in only_ipv6


def test_the_interface_describes_itself(hlbd, bus):
    description = bus.busctl("introspect", "org.hlb1", "/org/hlb1", "org.hlb1.Resolver")
    assert ".Resolve" in description.stdout


@pytest.mark.parametrize("name, error", [
    ("none.test", "org.hlb1.Error.NoHealthyBackend"),
    ("foreign.example", "org.hlb1.Error.NoSuchService"),
    ("", "org.hlb1.Error.NoSuchService"),
    ("x" * 10_000, "org.hlb1.Error.NoSuchService"),
], ids=["none-healthy", "foreign", "empty", "too-long"])  # fmt: skip
def test_a_name_without_an_answer_is_an_error_by_its_own_name(stage, hlbd, bus, name, error):
    # busctl shows an error's message alone; its monitor shows the name.
    monitor = bus.monitor(stage)
    assert bus.resolve(name).returncode != 0
    monitor.wait_for_log(error.replace(".", r"\."))


def test_hlbd_comes_back_to_a_bus_that_was_restarted(hlbd, bus):
    bus.restart()
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the new bus", 20)
    assert hlbd.running()


def test_lookups_go_on_while_the_bus_is_away(hlbd, bus):
    bus.program.kill()
    for _ in range(50):
        assert lookup(NAME, family="inet").addresses == [A]
    assert hlbd.running()


def test_no_system_bus_at_all_is_a_warning_and_lookups_go_on(stage, tmp_path):
    stage.backend(A)
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path / 'nobody'}"}
    hlbd = stage.hlbd(config(service(NAME, [A])), bus="system", env=nowhere)
    hlbd.wait_for_log(r"(?i)warn.*bus")
    assert lookup(NAME, family="inet").addresses == [A]


def test_a_bus_that_comes_up_later_is_joined(stage, tmp_path):
    stage.backend(A)
    later = SystemBus(stage)
    later.program.kill()
    later.socket.unlink(missing_ok=True)
    stage.hlbd(config(service(NAME, [A])), bus="system", env=later.env)
    later.program.start()
    later.wait()
    until(lambda: later.resolve(NAME).returncode == 0, "org.hlb1 on the bus", 20)


def test_a_bus_that_answers_no_call_holds_up_no_lookup(stage):
    silent = SETTINGS.replace('<allow receive_type="method_return"/>',
                              '<deny receive_type="method_return"/>')  # fmt: skip
    bus = SystemBus(stage, settings=silent)
    stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A])), bus="system", env=bus.env)
    for _ in range(80):  # 8 s: longer than a lease lasts, and several times as long as it tries
        assert lookup(NAME, family="inet").addresses == [A]
        time.sleep(0.1)
    hlbd.wait_for_log("cannot join the system bus")
