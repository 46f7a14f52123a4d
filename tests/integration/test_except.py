"""Exceptions from a service's subdomains: their names are nobody's, whatever is asked."""

import json

import pytest
from hlbctl import hlbctl
from lookups import lookup
from waiting import until
from world import BUILD, DNS_IPV4, config, run, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "dev.test"
EXCEPT = ["git.dev.test", "a.b.dev.test"]
OURS = ["dev.test", "x.dev.test", "xgit.dev.test", "b.dev.test", "own.git.dev.test"]
THEIRS = ["git.dev.test", "x.git.dev.test", "x.y.git.dev.test", "a.b.dev.test", "x.own.git.dev.test"]


def services(names=EXCEPT, *more):
    return config(service(NAME, [A], subdomains=True, **({"except": names} if names else {})),
                  service("test", [B], subdomains=True, when_all_down="next"),
                  service("own.git.dev.test", [A]), *more, max_stale="1s")  # fmt: skip


@pytest.fixture
def hlbd(stage, bus):
    stage.backend(A)
    hlbd = stage.hlbd(services(), bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode == 2, "hlbctl's view of it")
    return hlbd


def sources(names=(*OURS, *THEIRS), **options):
    """For each name whether hlbd's backend or DNS is the answer."""
    whose = {A: "hlb", DNS_IPV4: "dns"}
    found = {name: lookup(name, family="inet", **options).addresses for name in names}
    return {name: [whose.get(each, each) for each in addresses] for name, addresses in found.items()}


RIGHT = {**{name: ["hlb"] for name in OURS}, **{name: ["dns"] for name in THEIRS}}


def test_lookups_of_an_exception_and_all_below_get_what_the_next_source_says(hlbd, stage):
    assert sources() == RIGHT
    assert sources(runtime=stage.bus_alone()) == RIGHT, "as hlbd says over its socket"
    hlbd.kill()
    assert sources(THEIRS) == {name: ["dns"] for name in THEIRS}
    until(lambda: lookup(NAME).status == "EAI_AGAIN", "the table is too old to be believed")
    assert sources(THEIRS) == {name: ["dns"] for name in THEIRS}


def test_exceptions_are_no_services_to_operators(hlbd, bus):
    status = json.loads(hlbctl(bus, "status", "--json").stdout)
    assert [each["name"] for each in status["services"]] == [NAME, "test", "own.git.dev.test"]
    assert "3 services" in hlbctl(bus).stdout
    for words in (["status", "git.dev.test"], ["drain", "git.dev.test"]):
        assert hlbctl(bus, *words).returncode != 0
    assert "git.dev.test is no service of hlb's" in hlbctl(bus, "resolve", "git.dev.test").stdout
    below = hlbctl(bus, "resolve", "x.git.dev.test").stdout
    assert "x.git.dev.test is no service of hlb's: it is below the exception git.dev.test from dev.test\n" in below
    told = json.loads(hlbctl(bus, "resolve", "a.b.dev.test", "--json").stdout)
    assert (told["service"], told["exception"]) == (None, "a.b.dev.test")
    assert json.loads(hlbctl(bus, "resolve", "x.dev.test", "--json").stdout)["exception"] is None
    assert bus.ask("FindService", "s", "x.dev.test") == [NAME]
    refused = bus.manager("FindService", "s", "x.git.dev.test")
    assert refused.returncode != 0 or refused.stdout.split() == ["s", '""'], refused.stdout
    assert bus.resolve("x.dev.test").returncode == 0 != bus.resolve("x.git.dev.test").returncode


def test_a_reload_adds_and_takes_exceptions_while_checks_go_on(hlbd, bus):
    since = json.loads(hlbctl(bus, "status", NAME, "--json").stdout)["services"][0]
    hlbd.reload(services([]))
    assert sources(["git.dev.test", "x.a.b.dev.test", "own.git.dev.test"]) == {
        "git.dev.test": ["hlb"], "x.a.b.dev.test": ["hlb"], "own.git.dev.test": ["hlb"]}  # fmt: skip
    hlbd.reload(services(EXCEPT[:1]))
    assert sources(["git.dev.test", "a.b.dev.test"]) == {"git.dev.test": ["dns"], "a.b.dev.test": ["hlb"]}
    hlbd.reload(services(EXCEPT[1:], service("git.dev.test", [A])))
    assert sources(["git.dev.test", "x.git.dev.test"]) == {"git.dev.test": ["hlb"], "x.git.dev.test": ["hlb"]}
    hlbd.reload(services())
    assert sources() == RIGHT
    now = json.loads(hlbctl(bus, "status", NAME, "--json").stdout)["services"][0]
    assert now["backends"][0]["since"] == since["backends"][0]["since"], "its state is as it was"


def test_an_exception_that_means_nothing_is_refused_with_its_place(hlbd, tmp_path):
    file = tmp_path / "hlbd.toml"
    file.write_text(services([*EXCEPT, "own.git.dev.test"]))
    checked = run(BUILD / "hlbctl", "check-config", file, check=False)
    assert checked.returncode != 0
    assert '"own.git.dev.test" is the name of a service, at ' in checked.stdout + checked.stderr
