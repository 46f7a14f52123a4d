"""hlbctl and a real hlbd: what it shows is what is, and what it changes is changed."""

import json
import re
import signal
from itertools import count

import pytest
from hlbctl import Terminal, hlbctl, hlbctl_environment, masked
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
        "exception": None,
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


def test_draining_the_last_backend_takes_a_yes_and_warns(hlbd, bus):
    last = f"{NAME} would have no backend left for lookups"
    refused = hlbctl(bus, "drain", f"{NAME}/127.0.0.1?")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"hlbctl: {last}: nothing is changed; add --yes to do it all the same\n"
    assert overrides(bus) == {}
    drained = hlbctl(bus, "drain", "--yes", f"{NAME}/127.0.0.1?")
    assert drained.stdout == f"{NAME}/127.0.0.1?: 4 backends drained\n"
    assert drained.stderr == f"hlbctl: warning: {NAME} has no backend left for lookups\n"
    assert drained.returncode == 0
    until(lambda: not lookup(NAME).ok, "a lookup without an answer")
    assert hlbctl(bus, "clear", NAME).returncode == 0
    until(lambda: lookup(NAME, family="inet").ok, "a lookup with one")


def overrides(bus):
    """The kinds in force, by backend."""
    return {row[1]: row[7] for row in bus.ask("ListBackends", "s", "")[0] if row[7]}


# A standby takes over from the last primary, so that only the last of all is asked about.
@pytest.mark.parametrize("kind, words, empties", [
    ("drain", [A, B], False), ("drain", [NAME], True), ("down", [A, B, STANDBY], True),
    ("maintenance", [f"{NAME}/{A}:8082", "www.app.test/127.0.0.12", STANDBY], True),
    ("drain", ["127.0.0.21"], False), ("up", [NAME], False),
])  # fmt: skip
def test_whether_a_service_is_emptied_is_judged_on_what_is(hlbd, bus, kind, words, empties):
    asked = hlbctl(bus, kind, *words)
    assert asked.returncode == int(empties), asked.stderr
    assert bool(overrides(bus)) != empties


def test_clearing_what_alone_keeps_a_service_answered_takes_a_yes(hlbd, bus):
    hlbctl(bus, "up", "none.test")
    until(lambda: lookup("none.test").ok, "it is answered")
    refused = hlbctl(bus, "clear", "none.test")
    assert refused.returncode == 1 and "none.test would have no backend left" in refused.stderr
    assert hlbctl(bus, "clear", "none.test", "--yes").returncode == 0


@pytest.mark.parametrize("answer, done", [("y\n", True), ("\n", False), ("n\n", False)])
def test_on_a_terminal_it_asks(stage, hlbd, bus, answer, done):
    asking = stage.add(Terminal(bus, "drain", NAME))
    asking.wait_for(f"hlbctl: {NAME} would have no backend left for lookups. Go on? [y/N] ")
    assert overrides(bus) == {}
    asking.type(answer)
    assert asking.end()[1] == int(not done)
    assert bool(overrides(bus)) == done


def test_a_dry_run_says_what_would_be_and_changes_nothing(hlbd, bus):
    hlbctl(bus, "drain", A, "--reason", "disk")
    tried = hlbctl(bus, "maintenance", A, STANDBY, "--dry-run", "--for", "1h")
    assert tried.returncode == 0
    assert re.sub(r" until \S+( \S+)?\n", " until THEN\n", tried.stdout) == f"""\
{NAME}/{A}  drain -> maintenance until THEN
{NAME}/{STANDBY}  no override -> maintenance until THEN
{NAME}: 1 backend answered now, 1 then
Nothing is changed, by --dry-run.
"""
    assert overrides(bus) == {A: "drain"}
    tried = hlbctl(bus, "down", "*", "--dry-run", user="nobody")
    assert f"{NAME}: 1 backend answered now, none then\n" in tried.stdout
    assert hlbctl(bus, "clear", "*", "--dry-run").stdout.startswith(f"{NAME}/{A}  drain -> no override\n")
    assert overrides(bus) == {A: "drain"}


def test_a_word_that_means_nothing_leaves_all_as_it_is(hlbd, bus):
    done = hlbctl(bus, "drain", "typo.test", B, f"{NAME}/{A}:80")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "hlbctl: typo.test: no service has this name or alias\n"
        f"hlbctl: {NAME}/{A}:80: not at this port; did you mean {NAME}/{A}:8082?\n"
    )
    assert overrides(bus) == {}


def test_every_command_takes_every_name(hlbd, bus):
    whole, one = {A, B, C, STANDBY}, {A}
    for word, meant in [("www.app.test", whole), ("app.*", whole), (f"www.app.test/{A}", one),
                        (f"{NAME}/{A}:8082", one), (A, one), (f"{A}:8082", one), (f"*/{A}", one)]:  # fmt: skip
        status = json.loads(hlbctl(bus, "status", word, "--json").stdout)
        assert {each["address"] for each in status["services"][0]["backends"]} == meant, word
        resolved = json.loads(hlbctl(bus, "resolve", word, "--json").stdout)
        assert {each["address"] for each in resolved["backends"]} == meant, word
        events = hlbctl(bus, "events", word, "--json").stdout.splitlines()
        assert {json.loads(each)["address"] for each in events} - {None} == meant, word
        tried = hlbctl(bus, "drain", word, "--dry-run").stdout
        assert {each for each in whole if f"{NAME}/{each} " in tried} == meant, word


def test_an_override_of_what_was_configured_once_can_be_cleared(hlbd, bus):
    hlbctl(bus, "drain", f"{NAME}/{B}")
    hlbd.reload(config(service(NAME, [A])))
    assert hlbctl(bus, "clear", f"{NAME}/{B}").stdout == f"{NAME}/{B}: 1 backend as checks say\n"
    assert hlbctl(bus, "clear", NAME).stderr == f"hlbctl: {NAME}: no override is in force on this\n"


def test_only_what_is_wrong_is_shown_on_request(hlbd, bus):
    shown = json.loads(hlbctl(bus, "status", "--down", "--json").stdout)["services"]
    assert {each["name"]: [backend["address"] for backend in each["backends"]] for each in shown} == {
        NAME: [C], "none.test": ["127.0.0.21"]}  # fmt: skip
    assert hlbctl(bus, "status", "--down", f"{NAME}/{A}").stdout.count("\n") == 1
    assert hlbctl(bus, "status", f"{NAME}/{A}").returncode == 0
    assert hlbctl(bus, "status", f"{NAME}/{C}").returncode == 1
    worse = [json.loads(line) for line in hlbctl(bus, "events", "--down", "--json").stdout.splitlines()]
    assert {each["now"] for each in worse} <= {"down", "degraded"} and len(worse) >= 2


def test_who_did_it_is_told_everywhere(hlbd, bus):
    hlbctl(bus, "drain", B, "--reason", "disk")
    hlbctl(bus, "clear", B)
    drained, cleared = hlbctl(bus, "events", B).stdout.splitlines()[-2:]
    assert re.search("no override -> drain +by root: disk$", drained)
    assert re.search("drain -> no override +by root$", cleared)
    event = json.loads(hlbctl(bus, "events", B, "--json").stdout.splitlines()[-1])
    assert (event["user"], event["user_id"]) == ("root", 0)
    assert "by" not in hlbctl(bus, "events", C).stdout
    hlbd.wait_for_log(f"{NAME}/{B}: override drain -> none by root\n")
    assert [row[1:] for row in bus.ask("ListEvents", "u", 1)[0]] == [
        [NAME, B, "override", "drain", "", ""]], "as programs of an older release read it"  # fmt: skip


@pytest.mark.parametrize("words", [
    ("drain", NAME, "none.test", "--yes"), ("clear", "*"), ("reload",)
], ids=lambda words: words[0])  # fmt: skip
def test_who_may_not_change_anything_is_told_who_may(hlbd, bus, words):
    hlbctl(bus, "drain", B)
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
    follow.wait_for_log("no override -> drain +by root: first")
    hlbd.terminate()
    follow.wait_for_log("hlbctl: hlbd has left the bus; waiting for it")
    hlbd.restart()
    follow.wait_for_log("hlbctl: hlbd is back")
    hlbctl(bus, "drain", A, "--reason", "second")
    follow.wait_for_log("no override -> drain +by root: second")
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


def test_a_url_is_answered_with_the_name_in_it(hlbd, bus):
    url = f"http://{NAME}:8082/"
    for words in [("status", url), ("resolve", url), ("doctor", url), ("drain", url)]:
        asked = hlbctl(bus, *words)
        said = f"hlbctl: {url}: leave out scheme, port and path; did you mean {NAME}?\n"
        assert (asked.returncode, asked.stdout, asked.stderr) == (1, "", said), words
    hlbd.kill()
    assert "did you mean" in hlbctl(bus, "resolve", url).stderr, "needs no hlbd"


def test_followed_events_end_with_the_bus(stage, hlbd, bus):
    env = hlbctl_environment(bus)
    follow = stage.program(BUILD / "hlbctl", "events", "--follow", env=env, ready="->")
    bus.program.kill()
    assert follow.process.wait(20) == 3
    assert "hlbctl: " in follow.log()
