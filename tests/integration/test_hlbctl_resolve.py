"""hlbctl resolve: what lookups get once hlbd is gone, and of names that aren't ASCII."""

import json
import re

from hlbctl import hlbctl, masked
from waiting import until
from world import config, service

A, B = "127.0.0.11", "127.0.0.12"
DNS = "2001:db8::66 203.0.113.66"  # what it knows of every other name
NO_HLBD = (
    "no hlbd on the system bus: start it by `systemctl start hlbd`; if it ends again, `hlbctl "
    "check-config` or `journalctl -u hlbd` says why"
)
GONE = "hlbd has been gone for longer than max_stale: "
UNSURE = "hlbd has been gone for too long to know whether it is up"


def resolved(bus, name):
    """What it prints, with single spaces, and its exit status."""
    asked = hlbctl(bus, "resolve", name)
    return re.sub(r"(?<=\S) +", " ", masked(asked.stdout)).splitlines(), asked.returncode


def with_services(stage, bus, max_stale):
    stage.backend(A)
    services = [service(f"{rule}.test", [A], when_all_down=rule) for rule in ("fail", "all", "next")]
    hlbd = stage.hlbd(config(*services, max_stale=max_stale), bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode == 0, "all services up")
    return hlbd


def test_after_the_death_of_hlbd_its_last_answers_are_told(stage, bus):
    with_services(stage, bus, "60s").kill()
    until(lambda: "hlbd is gone" in hlbctl(bus, "resolve", "fail.test").stdout, "the lease's end")
    assert resolved(bus, "fail.test") == ([
        "fail.test is a service",
        "  WAY ADDRESSES",
        f"  table {A} hlbd is gone: its last answers hold for max_stale",
        f"  bus none {NO_HLBD}",
        f"  libc {A} by hlb",
        "",
        "  BACKEND WHY",
        f"  {A} in up, first in 100% of answers",
    ], 3)  # fmt: skip


def test_a_service_that_a_reload_took_away_is_none_at_once(stage, bus):
    stage.backend(A)
    stays, gone = service("stays.test", [A]), service("gone.test", [A])
    hlbd = stage.hlbd(config(stays), bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode == 0, "the service up")
    hlbd.reload(config(stays, gone))
    hlbd.reload(config(stays))  # no table follows another within a second: hlbd is asked
    lines, status = resolved(bus, "gone.test")
    assert status == 1 and lines[0] == "gone.test is no service of hlb's"
    assert lines[3:] == ["  bus none gone.test: no service has this name", f"  libc {DNS} not by hlb"]


def test_after_max_stale_what_lookups_get_is_told_by_when_all_down(stage, bus):
    with_services(stage, bus, "1s").kill()
    until(lambda: GONE in hlbctl(bus, "resolve", "fail.test").stdout, "max_stale")
    for name, table, libc, backend in [
        ("fail.test", f'none {GONE}lookups fail (when_all_down = "fail")',
         "none by hlb: Temporary failure in name resolution", f"out {UNSURE}"),
        ("all.test", f'{A} {GONE}all are given (when_all_down = "all")',
         f"{A} by hlb", f'in {UNSURE}; when_all_down = "all", first in 100% of answers'),
        ("next.test", f'none {GONE}the next source answers (when_all_down = "next")',
         f"{DNS} not by hlb", f"out {UNSURE}"),
    ]:  # fmt: skip
        assert resolved(bus, name) == ([
            f"{name} is a service",
            "  WAY ADDRESSES",
            f"  table {table}",
            f"  bus none {NO_HLBD}",
            f"  libc {libc}",
            "",
            "  BACKEND WHY",
            f"  {A} {backend}",
        ], 3)  # fmt: skip


def test_a_next_source_that_answers_is_not_taken_for_hlb(stage, bus):
    stage.hlbd(config(service("next.test", [B], when_all_down="next")), bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode == 2, "the service down")
    lines, status = resolved(bus, "next.test")
    assert f"  libc {DNS} not by hlb" in lines
    assert status == 1


IDN, ASCII = "bücher.example", "xn--bcher-kva.example"
OTHER, OTHER_ASCII = "straße.example", "xn--strae-oqa.example"


def test_a_name_that_is_not_ascii_is_resolved_as_typed_and_in_its_ascii_form(stage, bus):
    stage.backend(A)
    stage.hlbd(config(service(ASCII, [A])), bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode == 0, "the service up")
    ways = ["  WAY ADDRESSES", f"  table {A}", f"  bus {A}", f"  libc {A} by hlb"]
    why = ["", "  BACKEND WHY", f"  {A} in up for N, first in 100% of answers"]
    assert resolved(bus, ASCII) == ([f"{ASCII} ({IDN}) is a service", *ways, *why], 0)
    lines, status = resolved(bus, "Bücher.example")
    typed = lines.pop(5)
    assert (lines, status) == ([f"Bücher.example ({ASCII}) is a service", *ways, *why], 0)
    assert re.fullmatch(r"  typed none by libc, to programs that look it up as it is typed: .*", typed)
    lines, status = resolved(bus, OTHER)
    assert (lines[0], status) == (f"{OTHER} ({OTHER_ASCII}) is no service of hlb's", 1)
    said = json.loads(hlbctl(bus, "resolve", IDN, "--json").stdout)
    assert (said["name"], said["ascii"], said["service"]) == (IDN, ASCII, ASCII)
    assert (said["libc"]["addresses"], said["typed"]["addresses"]) == ([A], [])
    assert hlbctl(bus, "status", IDN).returncode == 0
    assert hlbctl(bus, "drain", f"{IDN}/{A}", "--yes", LC_ALL="C.UTF-8").stdout == f"{IDN}/{A}: 1 backend drained\n"
    assert hlbctl(bus, "clear", IDN).returncode == 0
