"""What hlbctl writes on terminals from a phone's to a wide one: all of it, each thing in its place."""

import fcntl
import re
import signal
import struct
import termios
import unicodedata

import pytest
from hlbctl import FakeHlbd, Terminal, hlbctl, on_terminal
from waiting import until

HOUR = 3600
LONG = "fd77:1234:5678:9abc:def0:1234:5678:9ab"  # and one character more: as long as an address can be
NAME = ".".join(["a" * 61, "b" * 61, "c" * 61, "d" * 61, "local"])  # 253 characters
BOOKS = "xn--bcher-kva.example"
BARS = "▁▁▂▁▁▁▁▁▁▁"
PASSES = [1250, 1190, 2600, *[1210] * 7]
FAILURES = [-1] * 10
FULL = "サーバーが満杯です、しばらくしてからもう一度お試しください、サーバーが満杯です"
ACCENTS = "la re\u0301plique est de\u0301sactive\u0301e, le de\u0301lai est de\u0301passe\u0301"
MOVED = "HTTP 503 from http://10.0.0.3:8082/health?from=a-long-way-off, instead of 200-399, for now"


def says():
    def backend(service, address, port, state, reason, *, kind="", weight=1):
        outcomes = PASSES if state == "up" else FAILURES
        share = 100 if state == "up" and not kind else 0
        return [service, address, port, state, HOUR, reason, kind, weight, share, 0, outcomes]

    return {
        "properties": {"Services": 5, "ServicesDown": 1, "Backends": 8, "BackendsUp": 5, "StartedAt": 90,
                       "Degraded": ["state: /var/lib/hlb/state can't be written: no space left on device"]},
        "services": [
            ["app.local", "up", 2, 2, 2, HOUR],
            [BOOKS, "degraded", 3, 2, 2, HOUR],
            [NAME, "down", 1, 0, 0, HOUR],
            ["drained.local", "up", 1, 1, 0, HOUR],
            ["old.local", "degraded", 2, 1, 1, HOUR],
        ],
        "backends": [
            backend("app.local", "10.0.0.1", 8082, "up", "HTTP 200"),
            backend("app.local", "255.255.255.255", 65535, "up", "HTTP 200", weight=100),
            backend(BOOKS, "10.0.0.2", 8082, "up", "HTTP 200"),
            backend(BOOKS, LONG + "1", 65535, "up", "HTTP 200"),
            backend(BOOKS, LONG + "2", 65535, "down", FULL),
            backend(NAME, LONG + "3", 0, "down", ACCENTS),
            backend("drained.local", "10.0.0.4", 80, "up", "", kind="drain"),
            backend("old.local", "10.0.0.5", 80, "unknown", MOVED),
            backend("old.local", "10.0.0.6", 80, "up", ""),
        ],
        "overrides": {"drained.local/10.0.0.4": ["drain", "kernel update of the whole rack, ticket 4711", 0, 9, 0]},
        "aliases": {},
        "resolve": {BOOKS: ["10.0.0.2", LONG + "1"]},
        "events": [
            ["1795522800.1", "app.local", "10.0.0.1", "state", "up", "down", MOVED],
            ["1795522800.1", "app.local", LONG + "1", "state", "down", "up", FULL],
            ["1795522800.2", NAME, LONG + "3", "override", "", "maintenance", ACCENTS],
        ],
    }


STATES = {"10.0.0.1": "up", "255.255.255.255": "up", "10.0.0.2": "up", LONG + "1": "up", LONG + "2": "down",
          LONG + "3": "down", "10.0.0.4": "up", "10.0.0.5": "unknown", "10.0.0.6": "up"}
WORST_FIRST = [NAME, "drained.local", BOOKS, "old.local", "app.local"]
AT_EACH_WIDTH = pytest.mark.parametrize("columns", [20, 40, 80, 132])


@pytest.fixture
def fake(stage, bus):
    return FakeHlbd(stage, bus, says())


def shown(stage, bus, *words, columns):
    return on_terminal(stage, bus, *words, columns=columns, NO_COLOR="1", LC_ALL="C.UTF-8")


def width(text):
    """The columns that a terminal takes for it."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(unicodedata.combining(each) > 0 for each in text)


def packed(text):
    return "".join(text.split())


def assert_fits(text, columns):
    """No line is wider, but for a single word, which the terminal folds, and copies as one."""
    for line in text.splitlines():
        assert width(line) <= columns or " " not in line.strip(), line


def assert_has_states(text):
    """Each address is there whole, and its state follows before the next one."""
    places = sorted((text.index(address), address) for address in STATES)
    ends = [start for start, _ in places[1:]] + [None]
    for (start, address), end in zip(places, ends, strict=True):
        assert STATES[address] in text[start:end].split(), text[start:end]



@AT_EACH_WIDTH
def test_status_has_each_state_and_reason_and_no_bars_that_wrap(stage, bus, fake, columns):
    text = shown(stage, bus, "status", "--all", columns=columns)
    assert_fits(text, columns)
    assert_has_states(text)
    assert text.count(BARS) + text.count("x" * 10) == len(STATES)
    for reason in (FULL, ACCENTS, MOVED, "drained by root: kernel update of the whole rack, ticket 4711"):
        assert packed(reason) in packed(text)
    heads = [word for word in re.findall(r"^\S+", text, re.MULTILINE) if word in WORST_FIRST]
    assert heads == WORST_FIRST
    assert "(bücher.example)" in text


def test_status_in_a_pipe_has_a_line_for_each_and_the_order_of_the_configuration(bus, fake):
    lines = hlbctl(bus, "status", LC_ALL="C.UTF-8", COLUMNS="40").stdout.splitlines()
    assert len(lines) == 3 + len(WORST_FIRST) + len(STATES)
    heads = [line.split()[0] for line in lines[3:] if not line.startswith(" ")]
    assert heads == ["app.local", BOOKS, NAME, "drained.local", "old.local"]


AT_40 = """\
xn--bcher-kva.example (bücher.example)
    degraded for 1h 0m, 2 of 3 up
  10.0.0.2:8082          up       1h 0m
       1.2 ms  ▁▁▂▁▁▁▁▁▁▁
fd77:1234:5678:9abc:def0:1234:5678:9ab1
                         up       1h 0m
       1.2 ms  ▁▁▂▁▁▁▁▁▁▁
      port 65535
fd77:1234:5678:9abc:def0:1234:5678:9ab2
                         down     1h 0m
            -  xxxxxxxxxx
      port 65535; サーバーが満杯です、し
      ばらくしてからもう一度お試しくださ
      い、サーバーが満杯です
"""


def test_status_at_40_columns(stage, bus, fake):
    assert AT_40 in shown(stage, bus, "status", "--all", columns=40)


@pytest.mark.parametrize("words", [("status", "--all"), ("events",), ("doctor", "localhost"), ("help", "drain")],
                         ids=" ".join)
def test_columns_go_before_the_size_of_the_terminal(stage, bus, fake, words):
    narrow = {"NO_COLOR": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "40"}
    assert on_terminal(stage, bus, *words, columns=132, **narrow) == shown(stage, bus, *words, columns=40)


@AT_EACH_WIDTH
def test_events_lose_nothing(stage, bus, fake, columns):
    def without_times(text):
        return packed(re.sub(r"^(\d{4}-\d\d-\d\d|Nov 24) [\d:.]+", "", text, flags=re.MULTILINE))

    text = shown(stage, bus, "events", columns=columns)
    assert_fits(text, columns)
    assert without_times(text) == without_times(hlbctl(bus, "events", LC_ALL="C.UTF-8").stdout)
    assert all(LONG + end in text for end in "13")


@AT_EACH_WIDTH
@pytest.mark.parametrize("words", [("doctor", "localhost"), ("help",), ("import", "dnsmasq", "--help"), ("-h",)],
                         ids=" ".join)
def test_prose_loses_nothing(stage, bus, fake, words, columns):
    text = shown(stage, bus, *words, columns=columns)
    examples = [line for line in text.splitlines() if line.startswith("  hlbctl ")]
    assert_fits("\n".join(line for line in text.splitlines() if line not in examples), columns)
    assert packed(text) == packed(hlbctl(bus, *words, LC_ALL="C.UTF-8").stdout)


@AT_EACH_WIDTH
def test_resolve_loses_no_address(stage, bus, fake, columns):
    text = shown(stage, bus, "resolve", BOOKS, columns=columns)
    assert_fits(text, columns)
    assert text.count("10.0.0.2") == text.count(LONG + "1") == 2
    assert packed("down for 1h 0m: " + FULL) in packed(text)


# ---- watch -----------------------------------------------------------------------------------


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal.slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    terminal.process.send_signal(signal.SIGWINCH)


def frame(terminal):
    """What the screen shows, once it has been painted whole."""
    painted = terminal.text().split("\x1b[H")[1:]
    whole = [each for each in painted if each.endswith("\x1b[J")]
    return whole[-1].removesuffix("\x1b[J").replace("\x1b[K", "").replace("\r", "") if whole else ""


def assert_is_of_size(text, rows, columns):
    lines = text.split("\n")
    assert len(lines) == rows
    assert [line for line in lines if width(line) > columns] == []


def watching(stage, bus, rows, columns, **changes):
    options = {"NO_COLOR": "1", "LC_ALL": "C.UTF-8", **changes}
    return stage.add(Terminal(bus, "status", "--watch", rows=rows, columns=columns, **options))


def ends(watch):
    watch.type("q")
    assert watch.end()[1] == 0


@pytest.mark.parametrize("rows, columns", [(16, 40), (24, 80)])
def test_watch_shows_each_state_to_who_scrolls(stage, bus, fake, rows, columns):
    watch = watching(stage, bus, rows, columns)
    until(lambda: "scroll" in packed(frame(watch)), "the first frame")
    seen = ""
    for _ in range(200):
        now = frame(watch)
        assert_is_of_size(now, rows, columns)
        seen += now
        if packed(now).endswith("above,0below"):
            break
        watch.type("j")
        until(lambda before=now: frame(watch) != before, "another part")
    for address, state in STATES.items():
        assert re.search(re.escape(address) + r"\S*\s+" + state, seen), address
    heads = [seen.index(name[:40]) for name in WORST_FIRST]
    assert heads == sorted(heads)
    ends(watch)


@pytest.mark.parametrize("variables", [{}, {"COLUMNS": "80", "LINES": "24"}], ids=["", "COLUMNS"])
def test_watch_takes_another_size(stage, bus, fake, variables):
    watch = watching(stage, bus, 24, 80, **variables)
    until(lambda: BARS in frame(watch), "the first frame")
    resize(watch, 12, 40)
    until(lambda: frame(watch).count("\n") == 11, "a smaller frame")
    assert_is_of_size(frame(watch), 12, 40)
    ends(watch)


def test_watch_needs_a_terminal_that_is_not_dumb(stage, bus, fake):
    watch = stage.add(Terminal(bus, "status", "--watch", TERM="dumb"))
    assert watch.end() == ("hlbctl: --watch needs a terminal that can be painted: TERM is dumb\n", 1)
