"""An upgrade under lookups, whole and by halves."""

import time

import pytest
from machine import packages
from waiting import until
from service import APP, BACKENDS, Stream, addresses, seeing, serve_app

ORDERS = {
    "both": [("hlbd", "libnss-hlb")],
    "the daemon first": [("hlbd",), ("libnss-hlb",)],
    "the module first": [("libnss-hlb",), ("hlbd",)],
}


def make_newer(machine, name):
    """The same package in a version that is newer, with everything that dpkg does for one."""
    (deb,) = packages(machine.release, name)
    machine.shell(
        f"rm -rf /srv/{name}; dpkg-deb -R {deb} /srv/{name};"
        f"sed -i 's/^Version: .*/&+newer/' /srv/{name}/DEBIAN/control;"
        f"dpkg-deb --root-owner-group -b /srv/{name} /srv/{name}.deb"
    )
    return f"/srv/{name}.deb"


@pytest.mark.parametrize("order", ORDERS)
def test_no_lookup_fails_while_it_is_upgraded(machine, order):
    serve_app(machine)
    debs = {name: make_newer(machine, name) for name in ("hlbd", "libnss-hlb")}
    line = machine.file("/etc/nsswitch.conf").read_text()
    pid = machine.run("systemctl", "show", "-P", "MainPID", "hlbd").stdout
    stream = Stream(machine, 120)
    for names in ORDERS[order]:
        time.sleep(1)
        machine.run("dpkg", "-i", *(debs[name] for name in names))
        assert addresses(machine) == set(BACKENDS)
    stream.end()
    result = stream.result()
    assert result.statuses() == {"OK"}
    assert result.addresses() <= set(BACKENDS)
    assert machine.run("systemctl", "show", "-P", "MainPID", "hlbd").stdout != pid
    assert machine.file("/etc/nsswitch.conf").read_text() == line
    versions = machine.run("dpkg-query", "-W", "-f", "${Version} ", "hlbd", "libnss-hlb").stdout
    assert versions.count("+newer") == 2


def test_a_program_that_has_the_old_module_goes_on_without_it(machine):
    serve_app(machine)
    stream = Stream(machine, 12)
    time.sleep(1)
    machine.run("dpkg", "-i", make_newer(machine, "libnss-hlb"))
    maps = machine.shell("cat /proc/$(pidof lookup)/maps").stdout
    (module,) = {line.split(None, 5)[5] for line in maps.splitlines() if "libnss_hlb" in line}
    assert module.endswith("libnss_hlb.so.2 (deleted)")
    machine.run("systemctl", "restart", "hlbd")
    until(lambda: addresses(machine) == set(BACKENDS), "a program of the new module")
    assert stream.result().statuses() == {"OK"}


def test_a_table_of_another_version_is_left_to_hlbd(machine):
    """As one that another release of hlbd has written; the module asks over the socket instead."""
    serve_app(machine)
    machine.shell(
        "mkdir /run/other; cp /run/hlb/table /run/other/table; ln /run/hlb/bus /run/other/bus;"
        "printf '\\377' | dd of=/run/other/table bs=1 seek=8 conv=notrunc status=none"
    )
    found = machine.shell(seeing("/run/other", f"lookup {APP} --count 50")).stdout
    assert found.count("status=") == found.count("status=OK") > 0
