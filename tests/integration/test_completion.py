"""Completion in real shells: bash and zsh on a terminal, with the tabulator pressed, and fish."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from buses import SystemBus
from waiting import until
from world import BUILD, HERE, config, environment, run, service

COMPLETIONS = HERE.parents[1] / "hlbd/data/completions"
A, B, A6 = "127.0.0.11", "127.0.0.12", "fd77::11"

START = {
    "bash": [
        "bash --norc --noprofile -i",
        f". /usr/share/bash-completion/bash_completion; . '{COMPLETIONS}/hlbctl.bash'",
    ],
    "zsh": [
        "zsh -f -i",
        f"fpath=('{COMPLETIONS}' $fpath); autoload -Uz compinit; compinit -u -D",
    ],
}


class Shell:
    """A shell on a terminal of its own."""

    def __init__(self, kind, env):
        command, prepare = START[kind]
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command.split(), env=env, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""
        self.send(f"{prepare}; printf 'rea%s' dy\r")
        self.wait_for("ready")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, pattern):
        """The match of a regular expression in what the shell shows."""
        deadline = time.monotonic() + 20
        while not (match := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, self.seen
            if select.select([self.terminal], [], [], left)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        return match

    def complete(self, line):
        """What the line becomes with a tabulator after it: its words, shown by printf instead."""
        self.seen = ""
        self.send(f"{line}\t\x01printf '[%s]' \x05 end\r")
        match = self.wait_for(r"((?:\[[^][%]*\])+)\[end\]")
        return re.findall(r"\[([^]]*)\]", match.group(1))

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.fixture(scope="module")
def bus(file_stage):
    """The system bus, with hlbd on it."""
    bus = SystemBus(file_stage)
    file_stage.backend(A, B, A6)
    services = config(service("app.test", [A, A6], aliases=["shop.test"]), service("web.test", [A, B]))
    bus.hlbd = file_stage.hlbd(services, bus="system", env=bus.env)
    until(lambda: bus.resolve("app.test").returncode == 0, "org.hlb1 on the bus")
    return bus


@pytest.fixture(scope="module")
def env(bus, tmp_path_factory):
    """Of a shell beside hlbd, in a folder with one file."""
    home = tmp_path_factory.mktemp("home")
    (home / "only.toml").write_text("")
    path = f"{BUILD}:{os.environ['PATH']}"
    return environment(**bus.env, PATH=path, HOME=str(home), TERM="vt100", PWD=str(home))


@pytest.fixture(scope="module", params=START)
def shell(request, env, file_stage):
    shell = file_stage.add(Shell(request.param, env))
    shell.send(f"cd {env['HOME']}\r")
    return shell


@pytest.mark.parametrize(
    "typed, words",
    [
        ("hlbctl dr", "hlbctl drain"),
        ("hlbctl import dn", "hlbctl import dnsmasq"),
        ("hlbctl --run", "hlbctl --runtime-dir"),
        ("hlbctl --bus ses", "hlbctl --bus session"),
        ("hlbctl drain --rea", "hlbctl drain --reason"),
        ("hlbctl status we", "hlbctl status web.test"),
        ("hlbctl drain web.test/127.0.0.11 app.test/f", f"hlbctl drain web.test/{A} app.test/{A6}"),
        ("hlbctl drain app.test/fd77::", f"hlbctl drain app.test/{A6}"),
        ("hlbctl check-config on", "hlbctl check-config only.toml"),
        ("hlbctl --config on", "hlbctl --config only.toml"),
        ("hlbctl doctor --program on", "hlbctl doctor --program only.toml"),
        ("hlbctl drain --fl", "hlbctl drain --fleet"),
        ("hlbctl fleet ac", "hlbctl fleet accept"),
        ("hlbctl fleet log --key on", "hlbctl fleet log --key only.toml"),
        ("hlbctl register we", "hlbctl register web.test"),
        ("hlbctl drain nothing-begins-s", "hlbctl drain nothing-begins-s"),
    ],
)
def test_a_shell_completes_what_hlbctl_takes(shell, typed, words):
    assert shell.complete(typed) == words.split()


@pytest.mark.parametrize(
    "typed, words",
    [
        ("hlbd --check", "hlbd --check-config"),
        ("hlbd --bus se", "hlbd --bus session"),
        ("hlbd --config on", "hlbd --config only.toml"),
    ],
)
def test_bash_completes_options_of_hlbd(env, file_stage, typed, words):
    shell = file_stage.add(Shell("bash", env))
    shell.send(f"cd {env['HOME']}\r")
    assert shell.complete(typed) == words.split()


def fish(env, line):
    script = f"cd {env['HOME']}; source '{COMPLETIONS}/hlbctl.fish'; complete -C '{line}'"
    return run("fish", "--no-config", "-c", script, env=env).stdout.splitlines()


def test_fish_completes_with_descriptions(env):
    assert fish(env, "hlbctl dr") == ["drain\tgive these backends no new clients; checks go on"]
    assert fish(env, "hlbctl failback w") == ["web.test\tup, 2 of 2"]
    assert fish(env, "hlbctl drain app.test/f") == [f"app.test/{A6}\tup"]
    assert fish(env, "hlbctl --bus ") == ["session", "system"]
    assert [each.split("\t")[0] for each in fish(env, "hlbctl --")] == [
        "--bus", "--config", "--help", "--runtime-dir", "--version",
    ]  # fmt: skip
    assert fish(env, "hlbctl check-config on") == ["only.toml"]


def hlbctl_complete(*words, env=None):
    return run(BUILD / "hlbctl", "complete", *words, env=env).stdout.splitlines()


def test_a_target_s_backends_are_offered_once_its_service_is_clear(env):
    assert hlbctl_complete("drain", "", env=env) == ["app.test\tup, 2 of 2", "web.test\tup, 2 of 2"]
    assert hlbctl_complete("drain", "a", env=env) == [
        "app.test\tup, 2 of 2", f"app.test/{A}\tup", f"app.test/{A6}\tup",
    ]  # fmt: skip


def test_aliases_and_addresses_are_offered_too(env):
    assert hlbctl_complete("status", "sh", env=env) == [
        "shop.test\talias of app.test", f"shop.test/{A}\tup", f"shop.test/{A6}\tup",
    ]  # fmt: skip
    assert hlbctl_complete("events", f"shop.test/{A}:", env=env) == [f"shop.test/{A}:8082\tup"]
    assert hlbctl_complete("drain", "fd77", env=env) == [f"{A6}\tup"]
    assert hlbctl_complete("drain", "[", env=env) == [f"[{A6}]:8082\tup"]
    assert hlbctl_complete("resolve", "app.test/[", env=env) == [f"app.test/[{A6}]:8082\tup"]


def test_the_bus_that_is_named_is_the_one_that_is_asked(env):
    assert hlbctl_complete("--bus", "session", "drain", "", env=env) == []
    assert len(hlbctl_complete("--bus", "system", "drain", "", env=env)) == 2


def test_a_hlbd_that_hangs_holds_no_shell_up(bus, env):
    bus.hlbd.signal(signal.SIGSTOP)
    try:
        start = time.monotonic()
        assert hlbctl_complete("drain", "", env=env) == []
        assert time.monotonic() - start < 5
    finally:
        bus.hlbd.signal(signal.SIGCONT)


def test_without_hlbd_all_but_names_is_completed_and_nothing_is_said():
    asked = run(BUILD / "hlbctl", "complete", "drain", "")
    assert (asked.stdout, asked.stderr) == ("", "")
    assert "drain" in "".join(hlbctl_complete("d"))
