"""Root checks a configuration by the rights of whoever reads it next: the user of hlbd's unit."""

import os
import shutil
from pathlib import Path

import pytest
from apart import make_users
from authority import Authority
from programs import as_user
from world import BUILD, HERE, config, pinged_service, run, service

DATA = HERE.parents[1] / "hlbd/data"
UNIT, BOOTED = Path("/etc/systemd/system/hlbd.service"), Path("/run/systemd/system")
DROP_INS = UNIT.parent / "hlbd.service.d"
OK = ": ok, 1 service\n"


@pytest.fixture
def file():
    """A configuration of a host that systemd has booted, with hlbd's unit."""
    make_users()
    for made in (BOOTED, UNIT.parent, folder := Path("/run/rights")):
        made.mkdir(parents=True, exist_ok=True)
    shutil.copy(DATA / "hlbd.service", UNIT)
    yield folder / "hlbd.toml"
    UNIT.unlink()
    for made in (DROP_INS, BOOTED.parent, folder):
        shutil.rmtree(made, ignore_errors=True)


def drop_in(text, name="own.conf"):
    DROP_INS.mkdir(exist_ok=True)
    (DROP_INS / name).write_text(text)


def checked(file, *named, user=None):
    """All that is said; whether it is ok is told by the exit status, too."""
    command = (*(as_user(user) if user else ()), BUILD / "hlbctl", "--config", file, "check-config", *named)
    ended = run(*command, check=False)
    assert ended.returncode == (0 if ended.stdout else 1)
    return ended.stdout + ended.stderr


def hlbd_says(file):
    return run(*as_user("hlb"), BUILD / "hlbd", "--check-config", "--config", file, check=False).stderr


def test_a_file_that_hlbd_may_not_read_is_a_fault(file):
    file.write_text(config(service("app.test", ["127.0.0.11"])))
    assert checked(file) == f"{file}{OK}"
    file.chmod(0o600)
    fault = f"{file}: cannot be read by user hlb: Permission denied\n"
    assert fault in checked(file)
    assert hlbd_says(file) in checked(file)
    assert fault in checked(file, os.path.relpath(file))
    shutil.chown(file, group="hlb")
    file.chmod(0o640)
    assert checked(file) == f"{file}{OK}"


def test_a_draft_may_lie_where_hlbd_cannot_read(file):
    draft = file.with_name("draft.toml")
    draft.write_text(config(service("app.test", ["127.0.0.11"])))
    draft.chmod(0o600)
    assert checked(file, draft) == f"{draft}{OK}"


def test_a_certificate_that_hlbd_may_not_read_is_a_fault(file):
    authority = Authority(file.parent, "test")
    certificate = Path(authority.certificate)
    certificate.chmod(0o640)
    file.write_text(config(service("app.test", ["127.0.0.11"], {"type": "tls", "ca": str(certificate)})))
    fault = f'"{certificate}" cannot be read by user hlb: Permission denied\n'
    assert checked(file) == hlbd_says(file)
    assert checked(file).endswith(fault)
    shutil.chown(certificate, group="daemon")
    drop_in("[Service]\nSupplementaryGroups=adm daemon\n")
    assert checked(file) == f"{file}{OK}"
    drop_in("[Service]\nSupplementaryGroups=\n", "z.conf")
    assert checked(file).endswith(fault)
    drop_in("[Service]\nAmbientCapabilities=CAP_DAC_READ_SEARCH\n", "z.conf")
    assert checked(file) == f"{file}{OK}"


def test_pings_need_the_drop_in(file):
    file.write_text(config(pinged_service("app.test", ["127.0.0.11"])))
    fault = (
        '"icmp" needs a right that user hlb lacks: put one of its groups into the range of '
        "sysctl net.ipv4.ping_group_range, or give hlbd CAP_NET_RAW by the drop-in icmp.conf, see hlbd.toml(5)\n"
    )
    assert checked(file) == hlbd_says(file)
    assert checked(file).endswith(fault)
    drop_in((DATA / "examples/icmp.conf").read_text(), "icmp.conf")
    assert checked(file) == f"{file}{OK}"
    drop_in("[Service]\n AmbientCapabilities = \n", "no.conf")
    assert checked(file).endswith(fault)


def test_whoever_the_unit_names_counts(file):
    file.write_text(config(service("app.test", ["127.0.0.11"])))
    file.chmod(0o600)
    drop_in("[Service]\nUser=nobody\n")
    assert "by user nobody" in checked(file)
    drop_in("[Service]\nUser=\n")
    assert checked(file) == f"{file}{OK}"


def test_without_systemd_or_its_unit_or_root_it_is_whoever_asks(file):
    file.write_text(config(service("app.test", ["127.0.0.11"])))
    file.chmod(0o600)
    assert "by user nobody" in checked(file, user="nobody")
    DROP_INS.mkdir()
    text = UNIT.read_text()
    UNIT.unlink()
    assert checked(file) == f"{file}{OK}"
    UNIT.write_text(text)
    BOOTED.rmdir()
    assert checked(file) == f"{file}{OK}"
