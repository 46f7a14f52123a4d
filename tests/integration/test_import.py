"""hlbctl import: what dnsmasq and glibc answer from a file, hlbd answers from its import."""

import contextlib
import os
import pty
import subprocess
from pathlib import Path

import pytest
from lookups import lookup
from waiting import until
from world import BUILD, PORT, environment, run

A, B, C = "127.0.0.11", "127.0.0.12", "127.0.0.13"
A6, B6 = "fd77::11", "fd77::12"

NOBODY = "127.0.0.99"  # no name server

DNSMASQ = f"""\
# Names below are answered, too.
address=/app.test/App2.Test/{A}
address=/app.test/{B}
  address = "/app.test/{A6}"   # a comment
address=/.web.test/{C}\r
address=/more.web.test/{A}
--host-record=db,db.test,{A},{B6},60
host-record=db.test,{B}
host-record=cache.test,{A}
cname=www.test,cache.test
cname=w3.test,www.test
address=/#/203.0.113.9
address=/ads1.test/0.0.0.0
address=/ads2.test/0.0.0.0
address=/gone.test/
no-resolv
"""
NOTES = """\
{file}:12: skipped: /#/ is every name there is, which no service can be
{file}:13-14: skipped: "0.0.0.0" is no address of a single host; give a backend's own
{file}:15: skipped: has no address: dnsmasq says that there is no such name
"""
NAMES = [
    "app.test", "x.app.test", "app2.test", "y.app2.test", "web.test", "other.web.test",
    "more.web.test", "z.more.web.test", "db", "db.test", "cache.test", "www.test", "w3.test",
]  # fmt: skip


@pytest.fixture
def dnsmasq_file(tmp_path):
    # dnsmasq would refuse the dashes.
    (tmp_path / "more").mkdir()
    (tmp_path / "dnsmasq.conf").write_text(f"conf-dir={tmp_path}/more,*.conf\n")
    (tmp_path / "more/a.conf").write_text(DNSMASQ.replace("--host", "host"))
    return tmp_path / "dnsmasq.conf"


def hlbctl(*arguments, check=True):
    return run(BUILD / "hlbctl", "import", *arguments, check=check)


def every_address(name):
    """All that getaddrinfo gives, of both families."""
    return {each for family in ("inet", "inet6") for each in lookup(name, family=family).addresses}


def answers_of_dnsmasq(stage, file, names):
    stage.program(
        "/usr/sbin/dnsmasq", f"--conf-file={file}", "--keep-in-foreground", "--user=root",
        "--pid-file=", "--log-facility=-", "--no-hosts", "--bind-interfaces", "--port=53",
        "--listen-address=127.0.0.54", ready="started",
    )  # fmt: skip
    set_name_server("127.0.0.54")
    return {name: every_address(name) for name in names}


@contextlib.contextmanager
def restored(file):
    before = Path(file).read_text(encoding="ascii")
    yield
    Path(file).write_text(before, encoding="ascii")


@pytest.fixture(autouse=True)
def _restored():
    with restored("/etc/hosts"), restored("/etc/resolv.conf"):
        yield


def set_name_server(address):
    Path("/etc/resolv.conf").write_text(f"nameserver {address}\noptions timeout:1 attempts:1\n")


def start_hlbd(stage, services):
    # All healthy ones, so that whole answers can be compared.
    return stage.hlbd(services.replace("[[service]]", '[[service]]\nanswer = "all"'))


def test_hlbd_answers_from_the_import_what_dnsmasq_answers_from_the_file(stage, dnsmasq_file):
    expected = answers_of_dnsmasq(stage, dnsmasq_file, NAMES)
    assert expected["x.app.test"] == {A, B, A6} and expected["db.test"] == {A, B, B6}
    imported = hlbctl("dnsmasq", "--check", f"http:{PORT}/", dnsmasq_file)
    assert imported.stderr == NOTES.format(file=dnsmasq_file.parent / "more/a.conf")
    stage.backend(A, B, C, A6, B6)
    start_hlbd(stage, imported.stdout)
    set_name_server(NOBODY)
    assert {name: every_address(name) for name in NAMES} == expected


def test_what_dies_is_left_out_of_an_imported_service(stage, dnsmasq_file):
    backend = stage.backend(A)
    stage.backend(B, A6)
    imported = hlbctl("dnsmasq", "--name", "app.test", "--check", f"tcp:{PORT}", dnsmasq_file)
    start_hlbd(stage, imported.stdout)
    assert every_address("app.test") == {A, B, A6}
    backend.kill()
    until(lambda: every_address("app.test") == {B, A6}, f"{A} is left out")


def test_hlbd_answers_from_the_import_what_glibc_answers_from_a_hosts_file(stage):
    set_name_server(NOBODY)
    hosts = Path("/etc/hosts")
    own = "127.0.0.1 localhost\n127.0.1.1 world\n"
    hosts.write_text(own + f"{A} app.test app\n{B} app.test app\n{C} one.test\n")
    names = ["app.test", "app"]
    expected = {name: every_address(name) for name in names}
    assert expected == {"app.test": {A, B}, "app": {A, B}}
    imported = hlbctl("hosts", "--check", f"http:{PORT}/")
    assert imported.stderr == (
        "/etc/hosts:1: skipped: is a name that every host has for itself\n"
        "/etc/hosts:2: skipped: is this host itself\n"
        "/etc/hosts:5: skipped: has one address, so there is nothing to choose; --all imports it\n"
    )
    hosts.write_text(own)
    stage.backend(A, B)
    start_hlbd(stage, imported.stdout)
    assert {name: every_address(name) for name in names} == expected
    assert lookup("app", canonname=True).canon == "app.test"


def test_an_import_prints_whole_services_that_check_config_takes(dnsmasq_file, tmp_path):
    single = tmp_path / "single.conf"
    single.write_text(
        f"address=/app.test/{A}\naddress=/app.test/203.0.113.1\ncname=www.test,app.test\n"
    )
    imported = hlbctl("dnsmasq", "--check", "tcp:6379", single)
    assert imported.stderr == (
        f'{single}:3: differs: "www.test" gets all addresses of "app.test"; dnsmasq gives an alias those alone '
        "that host-record= and hosts files say\n"
    )
    assert imported.stdout == (
        "# Put this into services.d/ beside hlbd.toml, then: hlbctl check-config\n"
        "# Programs get them once hlb stands before dns on the hosts line of nsswitch.conf.\n"
        "\n"
        f"# {single}:1, 2\n"
        "[[service]]\n"
        'name = "app.test"\n'
        'aliases = ["www.test"]\n'
        "subdomains = true\n"
        f'backends = ["{A}", "203.0.113.1"]\n'
        'check = { type = "tcp", port = 6379 }\n'
    )
    (tmp_path / "hlbd.toml").write_text(imported.stdout)
    checked = run(BUILD / "hlbctl", "check-config", tmp_path / "hlbd.toml")
    assert checked.stdout.endswith("ok, 1 service\n")


def test_the_guess_is_what_listens_here_or_nothing_and_says_that_it_is_one(stage, tmp_path):
    stage.backend(A, B)
    file = tmp_path / "hosts"
    file.write_text(f"{A} app.test\n{B} app.test\n203.0.113.1 far.test\n203.0.113.2 far.test\n")
    text = hlbctl("hosts", file).stdout
    listening, nothing = text.split("[[service]]")[1:]
    assert "# A guess: programs on this host listen there.\n" in listening
    assert f'check = {{ type = "tcp", port = {PORT} }}\n' in listening
    assert "# A guess: always up, until you say how to check.\n" in nothing
    assert 'check = { type = "none" }\n' in nothing


def read_all(terminal):
    """All that a program has shown which ended; a read gives a part of it, and at last an error."""
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 65536):
            shown += part
    return shown.decode()


def test_on_a_terminal_it_asks_and_the_services_still_go_where_they_are_sent(stage, tmp_path):
    file = tmp_path / "hosts"
    file.write_text("203.0.113.1 app.test\n203.0.113.2 app.test\n")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [BUILD / "hlbctl", "import", "hosts", file],
        env=environment(), stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        os.write(ours, b"http:x\nhttp:8082/health\n")
        printed = process.stdout.read()
    asked = read_all(ours)
    os.close(ours)
    assert process.returncode == 0
    assert "app.test (203.0.113.1, 203.0.113.2) [none]: " in asked
    assert '"http:x" is no check' in asked
    assert 'check = { type = "http", port = 8082, path = "/health" }\n' in printed


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ("dnsmasq /nowhere/a", "hlbctl: /nowhere/a: cannot be read: No such file or directory\n"),
        ("hosts /", "hlbctl: /: cannot be read: Is a directory\n"),
        ("hosts /dev/null", "hlbctl: there is nothing to import\n"),
        ("hosts --name x.test", "hlbctl: there is no x.test that can be a service\n"),
        ("hosts --check http", '--check: "http" is no check: it needs a port, as in http:8082; see hlbctl import hosts --help\n'),
        ("dnsmasq", "dnsmasq's command line: skipped: /#/ is every name there is"),
    ],
)
def test_what_cannot_be_imported_prints_no_services(arguments, complaint):
    ended = hlbctl(*arguments.split(), check=False)
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert complaint in ended.stderr


def test_services_that_cannot_be_written_are_told(tmp_path):
    file = tmp_path / "hosts"
    file.write_text("203.0.113.1 app.test\n203.0.113.2 app.test\n")
    ended = subprocess.run(
        [BUILD / "hlbctl", "import", "hosts", file], env=environment(), check=False, timeout=60,
        stdout=open("/dev/full", "w", encoding="ascii"), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "hlbctl: standard output can't be written: No space left on device\n"
