"""What hlbctl makes of the words of its command line, and of an output that can't be written."""

import os
import subprocess

import pytest
from hlbctl import HLBCTL, FakeHlbd, hlbctl_environment
from test_hlbctl import says
from waiting import until
from world import HERE, run


@pytest.fixture
def fake(stage, bus):
    return FakeHlbd(stage, bus, says())


# ---- the command line ------------------------------------------------------------------------

RANGE = "--lines takes a whole number, from 0 to 4294967295, not "


@pytest.mark.parametrize("line, said", [
    ("stauts", '"stauts" is no subcommand of hlbctl; did you mean status? See hlbctl --help'),
    ("import dnsmaq",
     '"dnsmaq" is no subcommand of hlbctl import; did you mean dnsmasq? See hlbctl import --help'),
    ("frobnicate", '"frobnicate" is no subcommand of hlbctl; see hlbctl --help'),
    ("events --folow",
     '"--folow" is no option of hlbctl events; did you mean --follow? See hlbctl events --help'),
    ("drain a.b --raeson=disk",
     '"--raeson" is no option of hlbctl drain; did you mean --reason? See hlbctl drain --help'),
    ("status --confg x",
     '"--confg" is no option of hlbctl status; did you mean --config? See hlbctl status --help'),
    ("reload -x", '"-x" is no option of hlbctl reload; see hlbctl reload --help'),
    ("reload c.d", "The following argument was not expected: c.d; see hlbctl reload --help"),
    ("--bus sesion status", "--bus takes system or session, not \"sesion\"; see hlbctl --help"),
    ("status --bus sesion", "--bus takes system or session, not \"sesion\"; see hlbctl --help"),
    ("events -n -1", RANGE + '"-1"; see hlbctl events --help'),
    ("events -n many", RANGE + '"many"; see hlbctl events --help'),
    ("events -n 4294967296", RANGE + '"4294967296"; see hlbctl events --help'),
    ("drain", "TARGET is required; see hlbctl drain --help"),
    ("import", "A subcommand is required; see hlbctl import --help"),
    ("--json", '"--json" is no option of hlbctl; did you mean hlbctl status --json? See hlbctl --help'),
    ("--watch 5", '"--watch" is no option of hlbctl; did you mean hlbctl status --watch? See hlbctl --help'),
    ("--donw", '"--donw" is no option of hlbctl; did you mean hlbctl status --down? See hlbctl --help'),
    ("--confg x", '"--confg" is no option of hlbctl; did you mean --config? See hlbctl --help'),
    ("app.local --json",
     '"app.local" is no subcommand of hlbctl; did you mean hlbctl status app.local? See hlbctl --help'),
    ("down.a", '"down.a" is no subcommand of hlbctl; did you mean hlbctl status down.a? See hlbctl --help'),
    ("app/10.0.0.1",
     '"app/10.0.0.1" is no subcommand of hlbctl; did you mean hlbctl status app/10.0.0.1? See hlbctl --help'),
    ("fd00::1", '"fd00::1" is no subcommand of hlbctl; did you mean hlbctl status fd00::1? See hlbctl --help'),
    ("import app.local", '"app.local" is no subcommand of hlbctl import; see hlbctl import --help'),
    ("help drian", '"drian" is no subcommand of hlbctl; did you mean drain?'),
    ("help import hots", '"hots" is no subcommand of hlbctl import; did you mean hosts?'),
])  # fmt: skip
def test_a_slip_is_told_with_what_was_meant(line, said):
    ended = run(HLBCTL, *line.split(), check=False)
    assert ended.returncode != 0
    assert (ended.stdout, ended.stderr) == ("", f"hlbctl: {said}\n")


@pytest.mark.parametrize("words", [(), ("drain",), ("import", "hosts"), ("help",)], ids=" ".join)
def test_help_says_what_the_option_does(words):
    assert run(HLBCTL, "help", *words).stdout == run(HLBCTL, *words, "--help").stdout


def test_version_says_what_the_option_does():
    assert run(HLBCTL, "version").stdout == run(HLBCTL, "--version").stdout


def test_help_is_completed_by_subcommands():
    assert run(HLBCTL, "complete", "help", "dr").stdout.startswith("drain\t")
    assert run(HLBCTL, "complete", "help", "import", "ho").stdout.startswith("hosts\t")
    assert run(HLBCTL, "complete", "help", "drain", "").stdout == ""


@pytest.mark.parametrize("other, own", [
    ("undrain", "clear"), ("enable", "clear"), ("undo", "clear"), ("resume", "clear"),
    ("disable", "maintenance"), ("list", "status"), ("show", "status"), ("ls", "status"), ("log", "events"),
    ("history", "events"), ("check", "check-config"), ("validate", "check-config"), ("lookup", "resolve"),
])  # fmt: skip
def test_words_of_other_programs_are_told_by_hlbctls(other, own):
    ended = run(HLBCTL, other, "app.local", check=False)
    said = f'hlbctl: "{other}" is no subcommand of hlbctl; did you mean {own}? See hlbctl --help\n'
    assert ended.returncode != 0 and ended.stderr == said
    assert f"\n  {own} " in run(HLBCTL, "--help").stdout


# ---- an output that can't be written -----------------------------------------------------------

SAMPLE = HERE.parents[1] / "hlbd/data/hlbd.toml"


def many_times(said):
    """So much that it doesn't fit the 4 KiB that libc keeps until it writes."""
    backend, event = said["backends"][0], said["events"][0]
    drained = [*backend[2:6], "drain", backend[7], 0, *backend[9:]]  # so that nothing is asked
    backends = [[backend[0], f"10.0.1.{i}", *drained] for i in range(100)]
    backends.append(["db.local", "10.0.2.1", *drained])
    return {**said, "backends": backends, "events": [event] * 100, "concerned": {"app.local": 2, "db.local": 1}}


@pytest.mark.parametrize("words", [
    ("status",), ("status", "--json"), ("events",), ("events", "--json"), ("events", "-f"),
    ("resolve", "localhost"), ("check-config", SAMPLE), ("import", "hosts", "--all"), ("reload",),
    ("doctor", "localhost"), ("doctor", "--json"), ("drain", "app.local", "db.local"),
    ("clear", "app.local"), ("complete", ""), ("help",), ("version",), ("--help",), ("--version",),
], ids=lambda words: " ".join(map(str, words)).replace(str(SAMPLE), ""))  # fmt: skip
def test_a_full_disk_is_an_error(bus, fake, tmp_path, words):
    fake.say(many_times(says()))
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 one.example\n")
    words = [*words, hosts] if words[0] == "import" else words
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [str(HLBCTL), *map(str, words)], stdout=full, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, env=hlbctl_environment(bus), timeout=20,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "hlbctl: standard output can't be written: No space left on device\n"


def test_a_full_disk_keeps_no_target_from_what_was_asked(bus, fake):
    fake.say(many_times(says()))
    with open("/dev/full", "w") as full:
        subprocess.run([str(HLBCTL), "drain", "app.local", "db.local"], stdout=full, stderr=subprocess.DEVNULL,
                       env=hlbctl_environment(bus), timeout=20)  # fmt: skip
    assert [target for _, target, *_ in fake.changes()] == ["app.local db.local"]


def test_followed_events_end_when_their_reader_has_gone(bus, fake):
    reader, writer = os.pipe()
    process = subprocess.Popen([str(HLBCTL), "events", "-f"], stdout=writer, env=hlbctl_environment(bus))
    os.close(writer)
    try:
        assert b"old.local" in os.read(reader, 65536)
        os.close(reader)
        # Nothing happens that it would print.
        until(lambda: process.poll() is not None, "its end")
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
