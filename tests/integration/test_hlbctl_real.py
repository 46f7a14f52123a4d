"""hlbctl and a real hlbd: what it shows is what is, and what it changes is changed."""

import json
import re
import signal
from itertools import count

import pytest
from hlbctl import hlbctl, hlbctl_environment, masked
from lookups import lookup
from waiting import until
from world import BUILD, config, service

A, B, C, STANDBY = "127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14"
NAME = "app.test"


def services():
    standby = {"address": STANDBY, "priority": 1}
    return config(service(NAME, [A, B, C, standby], aliases=["www.app.test"]),
                  service("none.test", ["127.0.0.21"]))  # fmt: skip


@pytest.fixture
def hlbd(stage, bus):
    """A and B and the standby are up, C isn't."""
    stage.backend(A, B, STANDBY)
    hlbd = stage.hlbd(services(), bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode == 2, "hlbctl's view of it")
    return hlbd


STATUS = f"""\
hlbd VERSION, up N: 2 services, 1 down; 3 of 5 backends up
  BACKEND STATE AGE LATENCY CONN REMARK
app.test degraded for N, 3 of 4 up, 1 answered
  {A}:8082 up N N ms = 0 HTTP 200 OK
  {B}:8082 up N N ms = 0 drained until HH:MM by root: kernel update; HTTP 200 OK
  {C}:8082 down N - = 0 connection refused
  {STANDBY}:8082 up N N ms = 0 standby, priority 1; HTTP 200 OK
none.test down for N, 0 of 1 up
  127.0.0.21:8082 down N - = 0 connection refused
"""


def test_status(hlbd, bus):
    hlbctl(bus, "drain", B, "--for", "1h", "--reason", "kernel update")
    until(lambda: "1 answered" in hlbctl(bus).stdout, "the drain in what the service says")
    text = hlbctl(bus).stdout
    text = re.sub(r"^hlbd [\d.]+", "hlbd VERSION", text)
    text = re.sub(r"until \S+( \d+)?( \d+:\d+)? by", "until HH:MM by", masked(text))
    assert re.sub(r"(?<=\S) +", " ", text) == STATUS


RESOLVED = f"""\
www.app.test is of the service app.test
  WAY    ADDRESSES
  table  {A}
  bus    {A}
  libc   {A}  by hlb

  BACKEND          WHY
  {A}  in   up for N, first in 100% of answers
  {B}  out  drained by root: broken
  {C}  out  down for N: connection refused
  {STANDBY}  out  standby: its priority is 1, and backends of priority 0 are up
"""


def test_resolve_says_what_programs_get_and_why(hlbd, bus):
    assert hlbctl(bus, "drain", f"app.*/{B}", "--reason", "broken").returncode == 0
    until(lambda: lookup(NAME, family="inet").addresses == [A], "a lookup without it")
    asked = hlbctl(bus, "resolve", "www.app.test")
    assert masked(asked.stdout) == RESOLVED
    assert asked.returncode == 0


def test_resolve_as_json(hlbd, bus):
    asked = hlbctl(bus, "resolve", "none.test", "--json")
    assert asked.returncode == 1
    trouble = "none of its backends is healthy"
    said = json.loads(asked.stdout)
    assert re.fullmatch(r"down for \d+s: connection refused", said["backends"][0].pop("why"))
    assert said == {
        "name": "none.test",
        "ascii": None,
        "service": "none.test",
        "table": {"addresses": [], "trouble": trouble},
        "bus": {"addresses": [], "trouble": f"none.test: {trouble}"},
        "libc": {"addresses": [], "trouble": "Temporary failure in name resolution",
                 "by_hlb": True},
        "typed": None,
        "backends": [{"address": "127.0.0.21", "in": False}],
    }  # fmt: skip


def test_resolve_of_a_name_that_dns_knows(hlbd, bus):
    asked = hlbctl(bus, "resolve", "foreign.example")
    assert asked.returncode == 1
    assert asked.stdout == """\
foreign.example is no service of hlb's
  WAY    ADDRESSES
  table  none                       no service has this name
  bus    none                       foreign.example: no service has this name
  libc   2001:db8::66 203.0.113.66  not by hlb
"""


def test_resolve_while_hlbd_hangs_still_says_what_the_table_gives(hlbd, bus):
    hlbd.signal(signal.SIGSTOP)
    asked = hlbctl(bus, "resolve", NAME)
    hlbd.signal(signal.SIGCONT)
    assert asked.returncode == 3
    assert "hlbd doesn't answer" in asked.stdout
    assert re.search(rf"{C} +out +down\n", asked.stdout)


def test_draining_the_last_backend_warns(hlbd, bus):
    drained = hlbctl(bus, "drain", f"{NAME}/127.0.0.1?")
    assert drained.stdout == f"{NAME}/127.0.0.1?: 4 backends drained\n"
    assert drained.stderr == f"hlbctl: warning: {NAME} has no backend left for lookups\n"
    assert drained.returncode == 0
    until(lambda: not lookup(NAME).ok, "a lookup without an answer")
    assert hlbctl(bus, "clear", NAME).returncode == 0
    until(lambda: lookup(NAME, family="inet").ok, "a lookup with one")


def test_a_target_that_means_nothing_is_told_and_the_others_are_heeded(hlbd, bus):
    done = hlbctl(bus, "drain", "typo.test", B)
    assert done.returncode == 1
    assert done.stdout == f"{B}: 1 backend drained\n"
    assert done.stderr.startswith("hlbctl: typo.test: no backend is meant by this; ")


@pytest.mark.parametrize("words", [
    ("drain", NAME, "none.test"), ("clear", "*"), ("reload",)
], ids=lambda words: words[0])  # fmt: skip
def test_who_may_not_change_anything_is_told_who_may(hlbd, bus, words):
    asked = hlbctl(bus, *words, user="nobody")
    assert asked.returncode == 1
    assert asked.stderr == (
        "hlbctl: only root, members of the group hlb, and whom polkit allows org.hlb1.manage, may "
        "change what hlbd answers: try again with sudo\n"
    )
    assert hlbctl(bus, "status", "none.test", user="nobody").returncode == 2


def test_reload_says_what_is_wrong_with_the_configuration(hlbd, bus):
    hlbd.write_config(services() + "[daemon]\n")
    asked = hlbctl(bus, "reload")
    assert asked.returncode == 1
    assert f"{hlbd.config_file}:" in asked.stderr
    hlbd.write_config(services())
    assert hlbctl(bus, "reload").stdout == f"{hlbd.config_file}: read anew, 2 services\n"


def test_a_dry_run_of_a_reload_says_which_services_change(hlbd, bus):
    assert hlbctl(bus, "reload", "--dry-run").stdout == (
        "No service would be changed.\nNothing is changed, by --dry-run.\n"
    )
    hlbd.write_config(config(service(NAME, [A, B, "127.0.0.15"]), service("new.test", [A])))
    tried = hlbctl(bus, "reload", "--dry-run")
    assert tried.stdout == f"""\
{NAME}: changed, backends +127.0.0.15 -{C} -{STANDBY}; aliases
new.test: new, 1 backend
none.test: gone, 1 backend
Nothing is changed, by --dry-run.
"""
    assert {row[0] for row in bus.ask("ListServices")[0]} == {NAME, "none.test"}
    assert hlbctl(bus, "reload", "--dry-run", user="nobody").returncode == 1
    hlbd.write_config("[[service]]")
    assert f"{hlbd.config_file}:" in hlbctl(bus, "reload", "--dry-run").stderr


def test_followed_events_go_on_over_a_restart_of_hlbd(stage, hlbd, bus):
    env = hlbctl_environment(bus)
    follow = stage.program(BUILD / "hlbctl", "events", "--follow", env=env, ready="unknown -> down")
    hlbctl(bus, "drain", B, "--reason", "first")
    follow.wait_for_log("no override -> drain +first")
    hlbd.terminate()
    follow.wait_for_log("hlbctl: hlbd has left the bus; waiting for it")
    hlbd.restart()
    follow.wait_for_log("hlbctl: hlbd is back")
    hlbctl(bus, "drain", A, "--reason", "second")
    follow.wait_for_log("no override -> drain +second")
    events = [line for line in follow.log().splitlines() if not line.startswith("hlbctl")]
    assert len(events) == len(set(events))


def test_events_that_are_new_alone_are_followed(stage, hlbd, bus):
    env = hlbctl_environment(bus)
    follow = stage.program(BUILD / "hlbctl", "events", "-n", "0", "-f", env=env)
    hlbctl(bus, "drain", B, "--reason", "before it listens, perhaps")
    turn = count(1)
    until(lambda: hlbctl(bus, "drain", A, "--reason", f"turn {next(turn)}").returncode == 0
          and "turn" in follow.log(), "a new event")  # fmt: skip
    assert "unknown -> " not in follow.log()
    assert hlbctl(bus, "events", "-n", "0").stdout == ""


def test_a_name_typed_nearly_right_is_offered(hlbd, bus):
    for words in [("status", "ap.test"), ("resolve", "ap.test"), ("failback", "ap.test"),
                  ("drain", "ap.test"), ("clear", "ap.test")]:
        asked = hlbctl(bus, *words)
        assert asked.returncode == 1, words
        assert "; did you mean app.test?" in asked.stdout + asked.stderr, words
    assert f"; did you mean app.test/{A}?" in hlbctl(bus, "drain", f"apptest/{A}").stderr
    assert "did you mean" not in hlbctl(bus, "drain", "foreign.example").stderr


def test_followed_events_end_with_the_bus(stage, hlbd, bus):
    env = hlbctl_environment(bus)
    follow = stage.program(BUILD / "hlbctl", "events", "--follow", env=env, ready="->")
    bus.program.kill()
    assert follow.process.wait(20) == 3
    assert "hlbctl: " in follow.log()
