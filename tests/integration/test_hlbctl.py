"""hlbctl: whole outputs, against a hlbd whose ages hold still; and what it does without one."""

import json
import re
import signal
import socket
import threading

import pytest
from hlbctl import HLBCTL, FakeHlbd, Terminal, hlbctl, on_terminal
from world import HERE, run

HOUR, DAY = 3600, 86400
HALF_MINUTE = 30  # ages are whole minutes and half of one, so that they hold for a while
LATER = "2000000000"  # 2033-05-18 03:33:20 UTC
PASSES = [1200, 1300, 1250, 1190, 2600, 1210, 1220, 1200, 1230, 1200, 1210, 1210]


def says(at=lambda seconds: seconds + HALF_MINUTE):
    """Three services: one degraded with a backend drained, one up with a standby, one down."""
    lost = "HTTP 503 Service Unavailable, instead of 200-399"
    return {
        "properties": {"Services": 3, "ServicesDown": 1, "Backends": 7, "BackendsUp": 4,
                       "StartedAt": at(3 * DAY), "Degraded": ["bus: this is of no importance"]},
        "services": [
            ["app.local", "degraded", 3, 2, 1, at(5 * 60)],
            ["db.local", "up", 2, 2, 1, at(3 * DAY)],
            ["old.local", "down", 2, 0, 0, at(2 * HOUR)],
        ],
        "backends": [
            ["app.local", "10.0.0.1", 8082, "up", at(3 * DAY), "HTTP 200", "", 1, 100, 0, PASSES],
            ["app.local", "10.0.0.2", 8082, "up", at(2 * HOUR), "HTTP 200", "drain", 1, 0, 0,
             [*PASSES[:3], 12_500]],
            ["app.local", "10.0.0.3", 8082, "down", at(5 * 60), "connection refused", "", 1, 0, 0,
             [1400, 1300, -2, -1, -1]],
            ["db.local", "fd77::11", 5432, "up", at(3 * DAY), "connected", "", 100, 50, 0, [400]],
            ["db.local", "fd77::12", 5432, "up", at(3 * DAY), "connected", "", 100, 0, 1, [400]],
            ["old.local", "10.0.0.21", 0, "down", at(2 * HOUR), lost, "", 1, 0, 0, [-1, -1]],
            ["old.local", "10.0.0.22", 0, "down", at(2 * HOUR), "no answer within 1s",
             "maintenance", 1, 0, 0, [-1, -1]],
        ],
        "overrides": {
            "app.local/10.0.0.2": ["drain", "kernel update", 0, at(600), LATER],
            "old.local/10.0.0.22": ["maintenance", "", 4242, at(600), 0],
        },
        "aliases": {"www.app.local": "app.local"},
        "events": [
            ["1795522800.1", "old.local", "10.0.0.22", "state", "up", "down", "no answer"],
            ["1795522800.2", "old.local", "", "state", "up", "down", ""],
            ["1795522900", "app.local", "10.0.0.2", "override", "", "drain", "new disk", 0],
            ["1795522999.999", "db.local", "fd77::12", "state", "down", "up", "connected"],
        ],
    }  # fmt: skip


def only(said, *services):
    """The same without the other services."""
    lists = ("services", "backends")
    return {**said, **{key: [row for row in said[key] if row[0] in services] for key in lists}}


@pytest.fixture
def fake(stage, bus):
    return FakeHlbd(stage, bus, says())


# ---- status ----------------------------------------------------------------------------------

AT_80 = """\
hlbd 0.1.0, up 3d: 3 services, 1 down; 4 of 7 backends up
! bus: this is of no importance
  BACKEND          STATE  AGE    LATENCY              WEIGHT
old.local  down for 2h 0m, 0 of 2 up
  10.0.0.21        down   2h 0m        -          xx
      HTTP 503 Service Unavailable, instead of 200-399
  10.0.0.22        down   2h 0m        -          xx
      in maintenance by user 4242; no answer within 1s
app.local  degraded for 5m, 2 of 3 up, 1 answered
  10.0.0.1:8082    up     3d      1.2 ms  ▁▁▂▁▁▁▁▁▁▁
  10.0.0.2:8082    up     2h 0m    12 ms        ▁▁▁▄
      drained until 2033-05-18 03:33 by root: kernel update
  10.0.0.3:8082    down   5m           -       ▁▁?xx
      connection refused
db.local  up for 3d, 2 of 2 up, 1 answered
  [fd77::11]:5432  up     3d      0.4 ms           ▁     100
      given 50% of its weight
  [fd77::12]:5432  up     3d      0.4 ms           ▁     100
      standby, priority 1
"""

WIDE = """\
hlbd 0.1.0, up 3d: 3 services, 1 down; 4 of 7 backends up
! bus: this is of no importance
  BACKEND          STATE  AGE    LATENCY                WEIGHT  REMARK
app.local  degraded for 5m, 2 of 3 up, 1 answered
  10.0.0.1:8082    up     3d      1.2 ms  ▁▁▁▁▂▁▁▁▁▁▁▁          HTTP 200
  10.0.0.2:8082    up     2h 0m    12 ms          ▁▁▁▄          \
drained until 2033-05-18 03:33 by root: kernel update; HTTP 200
  10.0.0.3:8082    down   5m           -         ▁▁?xx          connection refused
db.local  up for 3d, 2 of 2 up, 1 answered
  [fd77::11]:5432  up     3d      0.4 ms             ▁     100  given 50% of its weight; connected
  [fd77::12]:5432  up     3d      0.4 ms             ▁     100  standby, priority 1; connected
old.local  down for 2h 0m, 0 of 2 up
  10.0.0.21        down   2h 0m        -            xx          \
HTTP 503 Service Unavailable, instead of 200-399
  10.0.0.22        down   2h 0m        -            xx          \
in maintenance by user 4242; no answer within 1s
"""


def worst_first(text):
    """As a terminal shows it, where a pipe has the order of the configuration."""
    before_old, _, old = text.partition("old.local")
    head, _, rest = before_old.partition("app.local")
    return head + "old.local" + old + "app.local" + rest


GREEN, RED, MAGENTA, BOLD, END = "\x1b[32m", "\x1b[31m", "\x1b[35m", "\x1b[1m", "\x1b[0m"
IN_COLOUR = f"""\
hlbd 0.1.0, up 3d: 3 services, {RED}1 down{END}; 4 of 7 backends up
{MAGENTA}! {END}bus: this is of no importance
  BACKEND        STATE  AGE    LATENCY              REMARK
{BOLD}app.local{END}  {MAGENTA}degraded{END} for 5m, 2 of 3 up, 1 answered
  10.0.0.1:8082  {GREEN}up{END}     3d      1.2 ms  ▁▁▂▁▁▁▁▁▁▁
  10.0.0.2:8082  {GREEN}up{END}     2h 0m    12 ms        ▁▁▁▄  \
{MAGENTA}drained until 2033-05-18{END}
                                                    {MAGENTA}03:33 by root: kernel update{END}
  10.0.0.3:8082  {RED}down{END}   5m           -       ▁▁?{RED}xx{END}  connection refused
"""


def test_status_at_80_columns(stage, bus, fake):
    assert on_terminal(stage, bus, "status", columns=80, NO_COLOR="1") == AT_80


def test_status_at_200_columns(stage, bus, fake):
    assert on_terminal(stage, bus, "status", columns=200, NO_COLOR="1") == worst_first(WIDE)


def test_status_in_a_pipe_is_as_wide_as_it_needs_and_without_colour(bus, fake):
    assert hlbctl(bus, "status").stdout == WIDE


def test_status_in_colour_of_one_service_by_an_alias(stage, bus, fake):
    assert on_terminal(stage, bus, "status", "www.app.local") == IN_COLOUR


def test_a_dumb_terminal_gets_no_colour(stage, bus, fake):
    assert on_terminal(stage, bus, TERM="dumb") == AT_80


def test_bare_hlbctl_shows_the_status(bus, fake):
    assert hlbctl(bus).stdout == WIDE


def test_without_unicode_bars_are_digits(bus, fake):
    line = hlbctl(bus, "status", "app.local", LC_ALL="C").stdout.splitlines()[4]
    assert line.split()[5] == "111121111111"


def test_a_terminal_too_small_for_all_shows_the_trouble_and_counts_the_rest(stage, bus, fake):
    shown = on_terminal(stage, bus, columns=200, rows=12, NO_COLOR="1").splitlines()
    heads = [line.split()[0] for line in shown if line[0].isalpha()]
    assert heads == ["hlbd", "old.local", "app.local"]
    assert shown[-1] == "1 other service is up, with nothing to tell: --all lists it"
    all_of_it = on_terminal(stage, bus, "status", "--all", columns=200, rows=12, NO_COLOR="1")
    assert all_of_it == worst_first(WIDE)


def test_status_as_json(bus, fake):
    fake.say(only(says(at=lambda seconds: str(1_795_522_800 - seconds)), "app.local"))
    started, since = 1_795_522_800.0 - 3 * DAY, 1_795_522_800.0
    common = {"port": 8082, "weight": 1, "priority": 0, "suspect": False, "held_back": False,
              "connections": None}
    up = {**common, "state": "up", "reason": "HTTP 200"}
    assert json.loads(hlbctl(bus, "status", "--json").stdout) == {
        "hlbd": {"version": "0.1.0", "config": "/etc/hlb/hlbd.toml", "started": started,
                 "degraded": ["bus: this is of no importance"]},
        "services": [{
            "name": "app.local", "state": "degraded", "since": since - 300, "up": 2, "answered": 1,
            "serving": None, "backends": [
                {**up, "address": "10.0.0.1", "since": since - 3 * DAY, "override": None,
                 "weight_percent": 100, "outcomes": [each / 1e6 for each in PASSES]},
                {**up, "address": "10.0.0.2", "since": since - 2 * HOUR, "weight_percent": 0,
                 "override": {"kind": "drain", "reason": "kernel update", "user": "root",
                              "user_id": 0, "fleet": False, "set": since - 600, "until": float(LATER)},
                 "outcomes": [0.0012, 0.0013, 0.00125, 0.0125]},
                {**common, "state": "down", "reason": "connection refused", "address": "10.0.0.3",
                 "since": since - 300, "override": None, "weight_percent": 0,
                 "outcomes": [0.0014, 0.0013, "unknown", "failed", "failed"]},
            ],
        }],
    }  # fmt: skip


def test_the_exit_status_says_how_the_worst_service_stands(bus, fake):
    up, degraded, down = "db.local", "app.local", "old.local"
    for services, status in [((up,), 0), ((up, degraded), 1), ((up, degraded, down), 2), ((), 0)]:
        fake.say(only(says(), *services))
        assert hlbctl(bus).returncode == status, services
        assert hlbctl(bus, "status", "--json").returncode == status, services


def test_an_unknown_service_is_an_error(bus, fake):
    asked = hlbctl(bus, "status", "foreign.example")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr == "hlbctl: foreign.example: no service has this name or alias\n"


# ---- watch -----------------------------------------------------------------------------------

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


@pytest.mark.parametrize("end", ["q", signal.SIGINT, signal.SIGTERM], ids=["q", "INT", "TERM"])
def test_watch_repaints_and_leaves_the_terminal_as_it_was(stage, bus, fake, end):
    watch = stage.add(Terminal(bus, "status", "--watch", "0.2", NO_COLOR="1"))
    watch.wait_for("app.local  degraded for 5m")
    said = says()
    said["services"][0][1] = "down"
    fake.say(said)
    watch.wait_for("app.local  down for 5m")
    watch.type(end) if isinstance(end, str) else watch.process.send_signal(end)
    text, status = watch.end()
    assert status == 0
    assert text.startswith(ENTER) and text.endswith(LEAVE)
    assert watch.is_as_before()


def test_watch_asks_for_the_backends_that_are_to_be_seen_alone(stage, bus, fake):
    said = says()
    said["services"] += [[f"{i}.local", "up", 1, 1, 1, DAY] for i in range(100)]
    said["backends"] += [[f"{i}.local", "10.0.1.1", 80, "up", DAY, "", "", 1, 100, 0, []]
                         for i in range(100)]  # fmt: skip
    fake.say(said)
    watch = stage.add(Terminal(bus, "status", "--watch", rows=24, NO_COLOR="1"))
    watch.wait_for("0 above, 98 below")
    watch.type("q")
    watch.end()
    asked = {service for method, service in fake.calls() if method == "ListBackends"}
    assert "" not in asked and 3 < len(asked) < 24


def test_watch_scrolls(stage, bus, fake):
    watch = stage.add(Terminal(bus, "status", "--watch", rows=12, NO_COLOR="1"))
    watch.wait_for("0 above, 2 below")
    watch.type("jj")
    watch.wait_for("2 above, 0 below")
    watch.type("g")
    watch.type("q")
    watch.end()


def test_watch_says_why_there_is_nothing_and_goes_on_when_hlbd_is_back(stage, bus, fake):
    watch = stage.add(Terminal(bus, "status", "--watch", "0.2"))
    watch.wait_for("app.local")
    fake.program.kill()
    watch.wait_for("no hlbd on the system bus")
    said = says()
    said["properties"]["Degraded"] = ["another hlbd"]
    fake.say(said)
    fake.program.start()
    watch.wait_for("another hlbd")
    watch.type("q")
    assert watch.end()[1] == 0


def test_watch_needs_a_terminal(bus, fake):
    asked = hlbctl(bus, "status", "--watch")
    assert (asked.returncode, asked.stderr) == (1, "hlbctl: --watch needs a terminal\n")


# ---- events ----------------------------------------------------------------------------------

EVENTS = """\
2026-11-24 12:20:00.100  old.local/10.0.0.22  up -> down            no answer
2026-11-24 12:20:00.200  old.local            up -> down
2026-11-24 12:21:40.000  app.local/10.0.0.2   no override -> drain  by root: new disk
2026-11-24 12:23:19.999  db.local/fd77::12    down -> up            connected
"""


def test_events(bus, fake):
    assert hlbctl(bus, "events").stdout == EVENTS


NARROW_EVENTS = """\
Nov 24 12:20:00  old.local/10.0.0.22  up -> down            no answer
Nov 24 12:20:00  old.local            up -> down
Nov 24 12:21:40  app.local/10.0.0.2   no override -> drain  by root: new disk
Nov 24 12:23:19  db.local/fd77::12    down -> up            connected
"""


def test_events_at_80_columns(stage, bus, fake):
    assert on_terminal(stage, bus, "events", columns=80, NO_COLOR="1") == NARROW_EVENTS


def test_the_latest_events(bus, fake):
    assert [line.split()[2] for line in hlbctl(bus, "events", "-n", "2").stdout.splitlines()] == [
        "app.local/10.0.0.2", "db.local/fd77::12",
    ]  # fmt: skip


def test_events_as_json(bus, fake):
    lines = hlbctl(bus, "events", "--json", "-n", "3").stdout.splitlines()
    keys = ("time", "service", "address", "what", "before", "now", "reason", "user", "user_id")
    assert [json.loads(line) for line in lines] == [dict(zip(keys, values)) for values in [
        (1795522800.2, "old.local", None, "state", "up", "down", "", None, None),
        (1795522900.0, "app.local", "10.0.0.2", "override", "", "drain", "new disk", "root", 0),
        (1795522999.999, "db.local", "fd77::12", "state", "down", "up", "connected", None, None),
    ]]  # fmt: skip


# ---- changes ---------------------------------------------------------------------------------


def test_an_override_is_set_as_said_by_one_call(bus, fake):
    done = hlbctl(bus, "drain", "app*", "fd77::11", "--for", "1h30m", "--reason", "kernel update", "--yes")
    assert done.returncode == 0, done.stderr
    # Until when names the day, too, where that isn't today's.
    assert [line.partition(" until ")[0] for line in done.stdout.splitlines()] == [
        "app*: 3 backends drained", "fd77::11: 1 backend drained",
    ]  # fmt: skip
    assert all(" until " in line for line in done.stdout.splitlines())
    targets = "app* db.local/fd77::11"
    assert fake.changes() == [["SetOverride", targets, "drain", "5400000000", "kernel update"]]


@pytest.mark.parametrize("command, said", [
    ("drain", "drained"), ("maintenance", "in maintenance"), ("up", "forced up"),
    ("down", "forced down"),
])  # fmt: skip
def test_each_override_goes_by_its_name(bus, fake, command, said):
    assert hlbctl(bus, command, "old.local").stdout == f"old.local: 2 backends {said}\n"
    assert fake.changes() == [["SetOverride", "old.local", command, "0", ""]]


def test_clear_and_reload(bus, fake):
    assert hlbctl(bus, "clear", "*").stdout == "*: 2 backends as checks say\n"
    assert hlbctl(bus, "reload").stdout == "/etc/hlb/hlbd.toml: read anew, 3 services\n"
    assert fake.changes() == [["ClearOverride", "*"], ["Reload"]]


@pytest.mark.parametrize("option", ["--for", "--close-after"])
@pytest.mark.parametrize("span", ["5", "0s", "half an hour", "1h 5m", "3651d", "99999999999999d"])
def test_a_duration_that_makes_no_sense_changes_nothing(bus, fake, option, span):
    asked = hlbctl(bus, "drain", "old.local", option, span)
    assert asked.returncode == 1
    assert asked.stderr == (
        f"hlbctl: {option} takes a duration from 1ms to 3650d, given like 30m, 2h or 1h30m, not \"{span}\"\n"
    )
    assert not fake.changes()


@pytest.mark.parametrize("seconds", ["99999", "0", "-1", "0.1", "3600.5"])
def test_seconds_out_of_range_are_no_name(bus, fake, seconds):
    asked = hlbctl(bus, "status", f"--watch={seconds}")
    assert asked.returncode == 1
    assert asked.stderr == f'hlbctl: --watch takes seconds, from 0.2 to 3600, not "{seconds}"\n'


# ---- without a hlbd that answers -------------------------------------------------------------

COMMANDS = [("status",), ("status", "--json"), ("events",), ("drain", "app.local"), ("reload",)]
EACH_COMMAND = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


def assert_unreachable(asked, message):
    assert asked.returncode == 3
    assert asked.stdout == ""
    assert asked.stderr.startswith("hlbctl: ") and asked.stderr.count("\n") == 1
    assert message in asked.stderr


class Elsewhere:
    """In the place of a bus."""

    def __init__(self, path):
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={path}"}


@EACH_COMMAND
def test_no_bus(tmp_path, words):
    assert_unreachable(hlbctl(Elsewhere(tmp_path / "nothing"), *words), "no system bus: ")


@EACH_COMMAND
def test_a_bus_that_takes_connections_and_never_answers(tmp_path, words):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        listener.listen(5)
        asked = hlbctl(Elsewhere(tmp_path / "bus"), *words)
    assert_unreachable(asked, "the system bus doesn't answer")


def test_a_bus_that_greets_and_then_never_answers(tmp_path):
    def greet(listener):
        client, _ = listener.accept()
        with client:
            client.recv(1000)
            client.send(b"OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n")
            while client.recv(1000):
                pass

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        listener.listen(5)
        greeter = threading.Thread(target=greet, args=(listener,))
        greeter.start()
        asked = hlbctl(Elsewhere(tmp_path / "bus"), "status")
        greeter.join()
    assert_unreachable(asked, "the system bus doesn't answer")


@EACH_COMMAND
def test_no_hlbd(bus, words):
    assert_unreachable(hlbctl(bus, *words), "no hlbd on the system bus: start it by")


@EACH_COMMAND
def test_a_hlbd_that_hangs(bus, fake, words):
    fake.program.signal(signal.SIGSTOP)
    assert_unreachable(hlbctl(bus, *words), "hlbd doesn't answer")


@EACH_COMMAND
def test_an_older_hlbd(stage, bus, words):
    methods = ("GetAll", "ListServices", "ListBackends", "ListEvents", "GetEvents", "SetOverride", "Reload",
               "Get")  # fmt: skip
    FakeHlbd(stage, bus, says(), lacking=methods)
    assert_unreachable(hlbctl(bus, *words), "the hlbd that runs is older than hlbctl")


def test_an_older_hlbd_that_can_do_what_is_asked_of_it_does(stage, bus):
    FakeHlbd(stage, bus, says(), lacking=("ListEvents", "FindService", "ListAliases", "GetEvents"))
    assert hlbctl(bus, "status").stdout == WIDE
    assert "[fd77::11]" in hlbctl(bus, "status", "db.local").stdout


def test_an_older_hlbd_tells_its_events_and_aliases_as_it_can(stage, bus):
    FakeHlbd(stage, bus, says(), lacking=("ListAliases", "GetEvents"))
    assert hlbctl(bus, "events").stdout == EVENTS.replace("by root: ", "")
    assert len(hlbctl(bus, "events", "www.app.local").stdout.splitlines()) == 1


def test_resolve_goes_on_without_hlbd(bus):
    asked = hlbctl(bus, "resolve", "localhost")
    assert asked.returncode == 3
    assert asked.stdout.splitlines()[0] == "localhost is no service of hlb's"
    assert "no hlbd on the system bus" in asked.stdout
    assert "127.0.0.1" in asked.stdout and "not by hlb" in asked.stdout


# ---- the manual ------------------------------------------------------------------------------


def commands(*words):
    """The sub-commands that --help names, with those of theirs."""
    text = run(HLBCTL, *words, "--help").stdout
    _, _, listed = text.partition("Subcommands:\n")
    found = re.findall(r"^  ([a-z-]+)", listed.split("\n\n")[0], re.MULTILINE)
    return [words, *(each for name in found for each in commands(*words, name))]


def test_the_manual_has_each_command_and_option_and_no_others():
    manual = (HERE.parents[1] / "hlbd/man/hlbctl.1").read_text()
    documented = set(re.findall(r"Fl -([a-z-]+)", manual))
    offered = set()
    for words in commands():
        text = run(HLBCTL, *words, "--help").stdout
        options = text.partition("Options:\n")[2].split("\n\n")[0]
        offered |= set(re.findall(r"--([a-z-]+)", options))
        assert not words or re.search(rf"^\.(It )?Cm .*\b{words[0]}\b", manual, re.MULTILINE)
    assert documented == offered
