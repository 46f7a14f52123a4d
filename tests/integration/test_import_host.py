"""hlbctl import dnsmasq without files: what this host's dnsmasq reads."""

import re

import pytest
from world import BUILD, run

A, B, C, D = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"

HOST = {
    "default/dnsmasq": """\
# This file has six functions:
#DOMAIN_SUFFIX=`dnsdomainname`
DNSMASQ_OPTS="--port=5353 -E"
DOMAIN_SUFFIX='lan'
CONFIG_DIR=/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new
""",
    "dnsmasq.conf": f"address=/main.test/{A}\naddn-hosts=/etc/more\nno-resolv\n",
    "dnsmasq.d/a.conf": f"address=/app.test/{B}\naddress=/git.app.test/\nhostsdir=/etc/hosts.d\n",
    "dnsmasq.d/a.conf.dpkg-old": f"address=/old.test/{C}\n",
    "hosts": f"127.0.0.1 localhost\n127.0.1.1 world\n{A} web\n{B} web\n{C} web\n{D} web\n",
    "more": f"{C} more.test\n",
    "hosts.d/x": f"{C} dir.test\n",
}
SERVICES = {
    "main.test": [A], "app.test": [B], "more.test": [C], "dir.test": [C], "web": [A, B, C, D]
}  # fmt: skip
ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "/bin/sh", "-ec")
DNSMASQ = "/usr/sbin/dnsmasq --pid-file= --user=root -k --bind-interfaces --log-facility=-"


@pytest.fixture
def etc_of_host(tmp_path):
    """A folder to be /etc."""
    run("cp", "-a", "/etc/.", tmp_path / "etc")
    for name in ("dnsmasq.conf", "dnsmasq.d", "default/dnsmasq"):
        run("rm", "-rf", tmp_path / "etc" / name)
    return tmp_path / "etc"


def fill(etc, names=HOST):
    for name in names:
        (etc / name).parent.mkdir(exist_ok=True)
        (etc / name).write_text(HOST[name])


def import_on(etc, *options, dnsmasq=None):
    """hlbctl import dnsmasq where nothing else runs than this dnsmasq, and nothing else is in /etc."""
    start = f"{dnsmasq} 2>/run/said & while ! grep -q started /run/said; do sleep 0.01; done;" if dnsmasq else ""
    words = " ".join(options)
    script = f"mount --bind {etc} /etc; mount -t tmpfs tmpfs /run; : >/run/said; {start}"
    return run(*ALONE, f"{script} exec {BUILD}/hlbctl import dnsmasq {words}", check=False)


def services_of(text):
    """By name the backends, of those that are printed."""
    found = re.findall(r'name = "(.+?)"\n(?:\w+ = .*\n)*?backends = \[(.*)\]', text)
    return {name: re.findall(r'"(.+?)"', backends) for name, backends in found}


def test_debians_dnsmasq_is_read_as_it_would_be_started(etc_of_host):
    fill(etc_of_host)
    imported = import_on(etc_of_host, "--check none")
    assert services_of(imported.stdout) == SERVICES
    assert 'name = "web"\naliases = ["web.lan"]\n' in imported.stdout
    assert 'except = ["git.app.test"]' in imported.stdout
    assert [line.split(":")[0] for line in imported.stderr.splitlines()] == ["/etc/dnsmasq.d/a.conf"] * 2
    verified = import_on(etc_of_host, "--verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "one started with this configuration: 0 differ" in verified.stdout


def test_the_dnsmasq_that_runs_is_read_by_its_command_line_and_asked(etc_of_host):
    fill(etc_of_host)
    dnsmasq = (f"{DNSMASQ} -C /etc/dnsmasq.conf -7 /etc/dnsmasq.d,*.conf -A/line.test/{D} -Es lan --domain other"
               " --port 5353 --listen-address=127.0.0.77")  # fmt: skip
    imported = import_on(etc_of_host, "--check none", dnsmasq=dnsmasq)
    assert services_of(imported.stdout) == {"line.test": [D], **SERVICES}, imported.stderr
    assert 'aliases = ["web.other"]' in imported.stdout
    verified = import_on(etc_of_host, "--verify", dnsmasq=dnsmasq)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "the one at 127.0.0.77:5353: 0 differ" in verified.stdout


def test_a_dnsmasq_that_answers_otherwise_than_its_files_say_is_found(etc_of_host):
    fill(etc_of_host)
    # It has read other files than those that stand there by now.
    dnsmasq = f"{DNSMASQ} -C /etc/dnsmasq.conf --port=5353"
    changed = f"{dnsmasq} & while ! grep -q started /run/said; do sleep 0.01; done"
    script = (f"mount --bind {etc_of_host} /etc; mount -t tmpfs tmpfs /run; : >/run/said; "
              f"{{ {changed}; }} 2>/run/said; echo 'address=/main.test/{B}' > /etc/dnsmasq.conf; "
              f"exec {BUILD}/hlbctl import dnsmasq --verify --name main.test")  # fmt: skip
    verified = run(*ALONE, script, check=False)
    assert verified.returncode == 2, verified.stderr
    assert verified.stdout.splitlines()[:2] == [
        f"{name}main.test: {B} from hlb, {A} from dnsmasq" for name in ("hlbctl-made-up.", "")]  # fmt: skip


def test_several_dnsmasq_are_not_guessed_among(etc_of_host):
    first = f"{DNSMASQ} -C /dev/null --port=5354 2>/dev/null & while ! grep -qx dnsmasq /proc/[0-9]*/comm"
    two = f"{first}; do sleep 0.01; done; {DNSMASQ} -C /dev/null --port=5353"
    ended = import_on(etc_of_host, dnsmasq=two)
    assert ended.returncode == 1
    assert "hlbctl: several dnsmasq run here; name the files of one:\n" in ended.stderr
    assert ended.stderr.count("\n  /usr/sbin/dnsmasq ") == 2


def test_a_host_without_dnsmasq_says_so(etc_of_host):
    ended = import_on(etc_of_host)
    assert ended.returncode == 1
    assert ended.stderr == (
        "hlbctl: no dnsmasq runs here, and there is no /etc/dnsmasq.conf; name dnsmasq's files\n"
    )


def test_a_folder_is_taken_as_an_argument(tmp_path):
    (tmp_path / "a.conf").write_text(f"address=/a.test/{A}\nno-hosts\n")
    (tmp_path / "b.conf").write_text(f"address=/b.test/{B}\n")
    assert services_of(run(BUILD / "hlbctl", "import", "dnsmasq", "--check", "none", tmp_path).stdout) == {
        "a.test": [A], "b.test": [B]}  # fmt: skip
