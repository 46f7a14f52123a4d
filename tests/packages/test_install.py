"""The main job, from the packages to curl, as on a user's machine."""

import re
import time

from waiting import until

from service import (
    APP, BACKENDS, Stream, addresses, answered, curl, kill_backend, serve_app, start_backend,
)  # fmt: skip


def hosts_line(machine):
    text = machine.file("/etc/nsswitch.conf").read_text()
    return re.search(r"^hosts:.*", text, re.M).group()


def test_installing_is_all_it_takes(fresh):
    assert hosts_line(fresh).split() == ["hosts:", "files", "dns"]
    done = fresh.install("hlbd", "libnss-hlb")
    assert hosts_line(fresh).split() == ["hosts:", "files", "hlb", "dns"]
    assert (
        f"libnss-hlb: /etc/nsswitch.conf now says: {hosts_line(fresh)}" in done.stdout + done.stderr
    )
    assert fresh.file("/etc/hlb/services.d").is_dir()
    assert fresh.run("systemctl", "is-active", "hlbd").stdout == "active\n"
    assert fresh.run("systemctl", "is-enabled", "hlbd").stdout == "enabled\n"
    assert fresh.state() == "running"
    for helper in ("hlb-programs", "hlb-connections"):
        assert fresh.run("systemctl", "is-active", f"{helper}.socket").stdout == "active\n"
        started = fresh.run("systemctl", "show", "-P", "ExecMainStartTimestamp", f"{helper}.service")
        assert started.stdout == "\n", f"{helper} waits until it is needed"
    # Nothing went wrong on the way: not the race for the name on the bus either.
    worrying = fresh.run("journalctl", "--no-pager", "-o", "cat", "-p", "warning", "-u", "hlbd")
    assert all(line.startswith(f"{APP}/") for line in worrying.stdout.splitlines()), worrying.stdout
    names = fresh.run("busctl", "--no-pager", "list").stdout
    assert re.search(r"^org\.hlb1 +\d+ hlbd +hlb ", names, re.M), names


def test_the_app_is_reached_by_its_name_with_only_its_backends_edited(machine):
    serve_app(machine)
    assert set(curl(machine, 30)) == set(BACKENDS)
    config = machine.file("/etc/hlb/hlbd.toml")
    config.write_text(config.read_text().replace('"127.0.0.2"]', '"127.0.0.3"]'))
    start_backend(machine, "127.0.0.3")
    machine.run("systemctl", "reload", "hlbd")
    answered(machine, "127.0.0.1", "127.0.0.3")
    assert set(curl(machine, 30)) == {"127.0.0.1", "127.0.0.3"}


def test_a_backend_that_dies_is_left_out_and_comes_back(machine):
    serve_app(machine)
    kill_backend(machine, "127.0.0.1")
    answered(machine, "127.0.0.2")
    assert set(curl(machine, 20)) == {"127.0.0.2"}
    start_backend(machine, "127.0.0.1")
    answered(machine, *BACKENDS)
    journal = machine.journal()
    assert f"{APP}/127.0.0.1: up -> down: connection refused" in journal
    assert f"{APP}/127.0.0.1: down -> up" in journal


def test_no_lookup_fails_while_hlbd_is_restarted_and_killed(machine):
    serve_app(machine)
    stream = Stream(machine, 120)
    for _ in range(2):
        time.sleep(1)
        machine.run("systemctl", "restart", "hlbd")
        time.sleep(1)
        pid = machine.run("systemctl", "show", "-P", "MainPID", "hlbd").stdout
        machine.run("systemctl", "kill", "-s", "KILL", "hlbd")
        until(lambda pid=pid: running_anew(machine, pid), "systemd has started hlbd again")
    stream.end()
    result = stream.result()
    assert result.statuses() == {"OK"}
    assert result.addresses() <= set(BACKENDS)


def running_anew(machine, before):
    now = machine.run("systemctl", "show", "-P", "MainPID", "-P", "ActiveState", "hlbd").stdout
    return before.strip() not in now.split() and "active" in now.split()


def test_answers_end_when_hlbd_has_been_stopped_for_max_stale_and_come_back(machine):
    serve_app(machine)
    machine.file("/etc/hosts").write_text("127.0.0.1 localhost\n192.0.2.7 elsewhere.test\n")
    stopped = time.monotonic()
    machine.run("systemctl", "stop", "hlbd")
    stream = Stream(machine, 4)  # of the ten seconds of max_stale
    assert stream.result().statuses() == {"OK"}
    until(lambda: not addresses(machine), "answers end", timeout=20)
    assert time.monotonic() - stopped > 9
    failed = machine.run("lookup", APP, check=False).stdout
    assert "status=EAI_AGAIN" in failed  # it isn't left to the next source
    assert addresses(machine, "elsewhere.test") == {"192.0.2.7"}
    machine.run("systemctl", "start", "hlbd")
    assert set(curl(machine, 20)) == set(BACKENDS)


def test_hlbd_that_hangs_is_replaced_by_systemd(machine):
    serve_app(machine)
    pid = machine.run("systemctl", "show", "-P", "MainPID", "hlbd").stdout
    stream = Stream(machine, 9)
    machine.run("systemctl", "kill", "-s", "STOP", "hlbd")
    until(lambda: running_anew(machine, pid), "systemd has replaced hlbd", timeout=20)
    assert stream.result().statuses() == {"OK"}


def test_reload_with_a_fault_changes_nothing_and_says_where(machine):
    serve_app(machine)
    config = machine.file("/etc/hlb/hlbd.toml")
    right = config.read_text()
    config.write_text(right.replace('type = "http"', 'type = "htp"'))
    machine.run("systemctl", "reload", "hlbd", check=False)
    until(lambda: "not reloaded" in machine.journal(), "hlbd refuses it")
    assert re.search(r"/etc/hlb/hlbd\.toml:\d+:\d+: ", machine.journal())
    answered(machine, *BACKENDS)


def test_purge_leaves_the_machine_as_it_was(fresh):
    before = everything(fresh)
    fresh.install("hlbd", "libnss-hlb", "--no-install-recommends")
    serve_app(fresh)
    fresh.run("apt-get", "-y", "purge", "hlbd", "libnss-hlb")
    fresh.run("apt-get", "-y", "autopurge")
    assert addresses(fresh) == set()
    assert everything(fresh) - before == set()
    assert before - everything(fresh) == set()


# The books of dpkg, apt and systemd, what the tests brought, and caches.
APART = (
    "/packages", "/project", "/root", "/tmp", "/usr/local/bin", "/var/cache/*", "/var/lib/apt",
    "/var/lib/dpkg", "/var/lib/systemd", "/var/log", "/var/tmp", "/etc/ld.so.cache", "/etc/*-",
    "*.pyc", "*/__pycache__",
)  # fmt: skip


def everything(machine):
    """Every file of the machine; those of /etc with what is in them."""
    apart = " -o ".join(f"-path '{path}'" for path in APART)
    found = machine.shell(
        f"find / -xdev \\( {apart} \\) -prune"
        " -o -type f -path '/etc/*' -exec sha256sum {} + -o ! -type s -print; ls -d /run/hlb || true"
    )
    return set(found.stdout.splitlines())
