"""What hlb-fleet(7) and the sample configuration give as examples fits together, copied as it stands."""

import re
import shlex

import pytest
from authority import Authority
from etcds import EtcdCluster
from fleet import NAME, key
from hlbctl import hlbctl
from lookups import lookup
from waiting import until
from world import BUILD, HERE, ip, run, toml

ROOT = HERE.parents[1]
BACKENDS = ["10.0.0.7", "10.0.0.8"]


@pytest.fixture(scope="module")
def blocks():
    """The literal blocks of hlb-fleet(7), as a reader sees them."""
    page = (ROOT / "hlbd/man/hlb-fleet.7").read_text().replace(r"\(dq", '"').replace(r"\e", "\\")
    return re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def etcd(stage):
    return EtcdCluster(stage, authority=Authority(stage.new_folder(), "authority of the fleet"))


@pytest.fixture
def backends(stage):
    for address in BACKENDS:
        ip("address", "replace", f"{address}/32", "dev", "lo")
    yield stage.backend(*BACKENDS, port=8080)
    for address in BACKENDS:
        ip("address", "delete", f"{address}/32", "dev", "lo")


@pytest.fixture
def host(stage, bus, blocks, etcd, backends):
    """Has all tables of the page in its file; only where etcd is, and the certificates, are the test's."""
    text = "".join(block for block in blocks if block.startswith("["))
    own = dict(zip(["ca", "certificate", "key"], map(str, etcd.certificate("root"))), etcd=etcd.endpoints)
    for name, value in own.items():
        text, count = re.subn(rf"^{name} *= .*$", f"{name} = {toml(value)}", text, flags=re.MULTILINE)
        assert count == 1
    hlbd = stage.hlbd(text, bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode in (0, 1, 2), "hlbctl's view of it")
    return hlbd


def commands_of(blocks):
    """The lines for a shell, but those of users, which test_fleet_roles.py has, and of TLS."""
    text = "".join(block for block in blocks if re.match("etcdctl put|hlbctl fleet", block)).replace("\\\n", "")
    return [shlex.split(line) for line in text.splitlines()]


def test_the_examples_of_the_manual_work_one_after_the_other(bus, blocks, etcd, host):
    commands = commands_of(blocks)
    assert {" ".join(each[:2]) for each in commands} >= {"etcdctl put", "hlbctl drain", "hlbctl clear", "hlbctl fleet"}
    for program, *words in commands:
        if program == "etcdctl":
            etcd.ctl(*words)
            continue
        answer = ["--yes"] if words[:2] == ["fleet", "accept"] else []
        done = hlbctl(bus, "--config", host.config_file, *words, *answer)
        assert done.returncode == 0, done.stderr
        if words[0] == "drain":
            until(lambda: lookup(NAME).addresses == BACKENDS[1:], "the drain")
        if words[0] == "clear":
            until(lambda: sorted(lookup(NAME).addresses) == BACKENDS, "its end")
    assert "drain" in hlbctl(bus, "--config", host.config_file, "fleet", "log").stdout
    assert "refused" not in hlbctl(bus, "--config", host.config_file, "fleet").stdout
    until(lambda: sorted(lookup("app.local").addresses) == BACKENDS, "the service that has its backends from there")


def test_values_of_the_manual_are_taken(bus, blocks, etcd, host):
    values = [block for block in blocks if block.startswith("{")]
    assert len(values) == 3
    for names, value in zip([("s", NAME), ("b", NAME, BACKENDS[0]), ("x", NAME, BACKENDS[0])], values):
        etcd.put(key(*names), value)
    shown = hlbctl(bus, "--config", host.config_file, "fleet")
    assert shown.returncode == 0 and "refused" not in shown.stdout, shown.stdout


def test_the_tables_of_the_sample_fit_together(tmp_path):
    sample = (ROOT / "hlbd/data/hlbd.toml").read_text()
    source = re.search(r"\{ fleet = .*? \}", sample)[0]
    tables = re.search(r"^#\[fleet\]\n.*", sample, re.MULTILINE | re.DOTALL)[0]
    service = f'[[service]]\nname = "app.local"\nbackends = [{source}]\ncheck = {{ type = "tcp", port = 8080 }}\n'
    file = tmp_path / "hlbd.toml"
    file.write_text(service + re.sub(r"^#(?! )", "", tables, flags=re.MULTILINE))
    checked = run(BUILD / "hlbctl", "check-config", file, check=False)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
