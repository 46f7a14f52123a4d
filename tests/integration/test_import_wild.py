"""Configurations of dnsmasq from the wild: what dnsmasq answers hlbd answers from the import, name by name, or the
import has said that it will be otherwise."""

import re
import socket
import struct
from pathlib import Path
from random import Random

import pytest
from dnsmasq_configurations import CONFIGURATIONS, FILES
from lookups import lookups
from world import BUILD, config, run, saying, service

DNSMASQ_AT, UPSTREAM = "127.0.0.54", "127.0.0.55"
UPSTREAMS = "203.0.113.77"  # its address for each name
NULL = {"0.0.0.0", "::"}
NAME = re.compile(r"[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
TYPES = {1: (4, socket.AF_INET), 28: (16, socket.AF_INET6)}


def question(name, kind, identity=7):
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return struct.pack(">6H", identity, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def after_name(reply, at):
    while reply[at]:
        if reply[at] >= 0xC0:
            return at + 2
        at += reply[at] + 1
    return at + 1


def asked(name, kind):
    """The addresses of this type that dnsmasq has for the name, asked by TCP, which cuts no answer."""
    with socket.create_connection((DNSMASQ_AT, 53), timeout=10) as server:
        message = question(name, kind)
        server.sendall(struct.pack(">H", len(message)) + message)
        with server.makefile("rb") as stream:
            reply = stream.read(struct.unpack(">H", stream.read(2))[0])
    at, found = after_name(reply, 12) + 4, set()
    for _ in range(struct.unpack(">H", reply[6:8])[0]):
        at = after_name(reply, at)
        answered, size = struct.unpack(">H6xH", reply[at : at + 10])
        if answered == kind:
            found.add(socket.inet_ntop(TYPES[kind][1], reply[at + 10 : at + 10 + size]))
        at += 10 + size
    return found


def of_dnsmasq(name):
    return (asked(name, 1) | asked(name, 28)) - NULL - {UPSTREAMS}


def of_hlb(name):
    return lookups(name).addresses()


def names_in(texts):
    """All that may be names there, and a name below each."""
    without_comments = [re.sub(r"(^|\s)#.*", "", text, flags=re.MULTILINE) for text in texts]
    found = {name.lower() for text in without_comments for name in NAME.findall(text)}
    found = {each for each in found if "::" not in each and not each.startswith(("-", "localhost", "ip6-"))}
    return sorted(found | {"made-up." + each for each in found})


def said_of(notes):
    """The lines of the files that notes are about."""
    said = []
    for note in notes.splitlines():
        match = re.match(r"(.+?):(\d+)(?:-(\d+))?: (?:skipped|differs): ", note)
        assert match, note
        lines = Path(match[1]).read_text().splitlines()
        said += lines[int(match[2]) - 1 : int(match[3] or match[2])]
    return said


def concerns(line, name):
    """Whether a line of a file is about the name, or about all names."""
    if re.match(r"address=/#/|localise-queries|filter-", line):
        return True
    mentioned = {each.lower() for each in NAME.findall(line)}
    mentioned |= {each.split(".", 1)[1] for each in mentioned if each.startswith("pre.")}
    labels = name.split(".")
    return any(".".join(labels[i:]) in mentioned for i in range(len(labels)))


@pytest.fixture(scope="module")
def upstream(file_stage):
    file_stage.program(
        "/usr/sbin/dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--user=root", "--pid-file=",
        "--log-facility=-", "--no-resolv", "--no-hosts", "--bind-interfaces", f"--listen-address={UPSTREAM}",
        f"--address=/#/{UPSTREAMS}", ready="started",
    )  # fmt: skip


@pytest.fixture(scope="module")
def hlbd(file_stage, upstream):
    with saying("/etc/resolv.conf", "nameserver 127.0.0.99\noptions timeout:1 attempts:1\n"):
        yield file_stage.hlbd(config(service("first.test", ["127.0.0.1"])))


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.format(folder=tmp_path, upstream=UPSTREAM))
    return tmp_path


def write(folder, of):
    text = CONFIGURATIONS[of].format(folder=folder, upstream=UPSTREAM)
    # The rest is of the test: no other server, and no other place.
    (folder / "dnsmasq.conf").write_text(text)
    used = [text] + [FILES[name] for name in FILES if f"/{name.split('/')[0]}" in text]
    return folder / "dnsmasq.conf", names_in(used)


# Options that would make the test's dnsmasq listen elsewhere, or serve others.
ELSEWHERE = re.compile(r"^(listen-address|except-interface|bind-dynamic|local-service|dhcp-).*\n", re.MULTILINE)


def start_dnsmasq(stage, folder, file):
    alone = folder / "alone.conf"
    alone.write_text(ELSEWHERE.sub("", file.read_text()))
    return stage.program(
        "/usr/sbin/dnsmasq", f"--conf-file={alone}", "--keep-in-foreground", "--user=root", "--pid-file=",
        "--log-facility=-", "--no-resolv", "--bind-interfaces", f"--listen-address={DNSMASQ_AT}", ready="started",
    )  # fmt: skip


@pytest.mark.parametrize("of", CONFIGURATIONS)
def test_hlbd_answers_from_the_import_or_the_import_says_that_it_does_not(hlbd, stage, folder, of):
    file, names = write(folder, of)
    start_dnsmasq(stage, folder, file)
    imported = run(BUILD / "hlbctl", "import", "dnsmasq", "--check", "none", file, check=False)
    services = imported.stdout.replace("[[service]]", '[[service]]\nanswer = "all"')
    notes = imported.stderr.replace("hlbctl: there is nothing to import\n", "")
    hlbd.reload(services or config(service("first.test", ["127.0.0.1"])))
    said = said_of(notes)
    silent, same = [], 0
    for name in names:
        theirs, ours = of_dnsmasq(name), of_hlb(name)
        same += ours == theirs != set()
        if ours != theirs and not any(concerns(line, name) for line in said):
            silent.append(f"{name}: {theirs} of dnsmasq, {ours} of hlb")
    assert not silent, f"{imported.stdout}\n{notes}"
    assert same or not services, "nothing was compared"


@pytest.fixture
def upstream_of_all(upstream):
    with saying("/etc/resolv.conf", f"nameserver {UPSTREAM}\n"):
        yield


def test_verify_finds_what_differs_and_nothing_else(upstream_of_all, folder):
    file, _ = write(folder, "the exceptions of a wildcard")
    arguments = (BUILD / "hlbctl", "import", "dnsmasq", "--verify")
    verified = run(*arguments, file, check=False)
    assert verified.returncode == 2
    differing = [line.split(":")[0] for line in verified.stdout.splitlines()[:-1]]
    assert set(differing) == {f"{below}{name}.dev.example.com" for name in ("null", "zero")
                              for below in ("", "hlbctl-made-up.")}  # fmt: skip
    file.write_text(f"address=/dev.example.com/198.51.100.1\nserver=/git.dev.example.com/{UPSTREAM}\n")
    verified = run(*arguments, file)
    assert re.fullmatch(r"\d+ names asked of hlb and of dnsmasq, one started with .*: 0 differ\n", verified.stdout)


# ---- made up -----------------------------------------------------------------------------------

TREE = ["a.q", "b.a.q", "c.b.a.q", "d.a.q", "e.d.a.q", "f.e.d.a.q", "z.q", "y.z.q"]


def made_up_line(random):
    name, other = random.choice(TREE), random.choice(TREE)
    ipv4, ipv6 = f"192.0.2.{random.randint(1, 6)}", f"2001:db8::{random.randint(1, 6)}"
    return random.choice([
        f"address=/{name}/{random.choice([ipv4, ipv4, ipv6, '#', '', '0.0.0.0', '::'])}",
        f"address=/{name}/{other}/{ipv4}",
        f"server=/{name}/{random.choice([UPSTREAM, '', '#'])}",
        f"host-record={name},{random.choice([ipv4, ipv6, f'{ipv4},{ipv6}', f'{other},{ipv4}'])}",
        f"cname={name},{random.choice([other, 'elsewhere.example'])}",
    ])  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_what_differs_in_made_up_configurations_has_been_said(upstream_of_all, tmp_path, seed):
    random = Random(seed)
    file = tmp_path / "dnsmasq.conf"
    lines = [made_up_line(random) for _ in range(random.randint(2, 7))]
    file.write_text("\n".join(["no-hosts", *lines]) + "\n")
    verified = run(BUILD / "hlbctl", "import", "dnsmasq", "--verify", file, check=False)
    if verified.returncode == 1:
        # dnsmasq refuses what it has twice.
        assert re.search(r"nothing to import|doesn't answer: .*(cname|CNAME)", verified.stderr), verified.stderr
        return
    said = said_of(verified.stderr)
    for line in verified.stdout.splitlines()[:-1]:
        name = line.split(":")[0]
        of_upstream = re.sub(rf"\b{re.escape(UPSTREAMS)} ?", "", line)
        ours, theirs = re.search(r": (.*?)(?: from hlb)?, (.*?) ?from dnsmasq", of_upstream).groups()
        assert sorted(ours.split()) == sorted(theirs.split()) or any(concerns(each, name) for each in said), (
            f"{line}\n{lines}\n{verified.stderr}")  # fmt: skip


def test_verify_says_why_there_is_no_dnsmasq_to_ask(tmp_path):
    file = tmp_path / "dnsmasq.conf"
    file.write_text("address=/a.example/192.0.2.1\nserver=/b.example/not-a-server\n")
    verified = run(BUILD / "hlbctl", "import", "dnsmasq", "--verify", file, check=False)
    assert verified.returncode == 1
    assert "a dnsmasq with this configuration doesn't answer: " in verified.stderr
    started = [each for each in Path("/proc").glob("[0-9]*/cmdline") if b"--conf-file=-\0" in each.read_bytes()]
    assert not started, "it is ended"
