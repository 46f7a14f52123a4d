"""What it costs to have it installed."""

import re
import time

from machine import PROJECT, packages
from service import APP, BACKENDS, answered, bring_tools, serve_app, start_backend


def test_what_hlbd_takes_with_ten_services(machine):
    bring_tools(machine)
    for address in BACKENDS:
        start_backend(machine, address)
    services = machine.file("/etc/hlb/services.d")
    for number in range(9):
        (services / f"{number}.toml").write_text(
            f'[[service]]\nname = "app{number}.test"\nbackends = ["127.0.0.1", "127.0.0.2"]\n'
            '[service.check]\ntype = "http"\nport = 8082\n'
        )
    machine.run("systemctl", "restart", "hlbd")
    answered(machine, *BACKENDS)
    assert "ready: 10 of 10 services" in machine.journal()
    time.sleep(5)
    status = machine.shell("cat /proc/$(systemctl show -P MainPID hlbd)/status").stdout
    resident = {
        key: int(kb) for key, kb in re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB", status, re.M)
    }
    print(f"{machine.release}: hlbd with 10 services: {resident} kB")
    assert resident["VmRSS"] <= 20 * 1024
    assert resident["RssAnon"] <= 6 * 1024


def test_what_installing_takes(fresh):
    before = installed(fresh)
    start = time.monotonic()
    fresh.install("hlbd", "libnss-hlb", "--no-install-recommends")
    took = time.monotonic() - start
    new = sorted(installed(fresh) - before - {"hlbd", "libnss-hlb"})
    sizes = {
        path.name: path.stat().st_size
        for path in (PROJECT / "build/packages" / fresh.release).glob("*.deb")
        if "dbgsym" not in path.name
    }
    print(
        f"{fresh.release}: installed in {took:.1f} s; sizes {sizes};"
        f" new packages beside: {len(new)} {new}"
    )
    assert len(new) <= 12
    assert sum(sizes.values()) <= 2_500_000
    assert packages(fresh.release, "hlbd")


def installed(machine):
    listed = machine.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n").stdout
    return {line.split()[1] for line in listed.splitlines() if line.startswith("ii")}


def test_the_module_adds_itself_and_the_table_to_a_program_and_no_library(machine):
    serve_app(machine)
    with_it = mapped(machine)
    without = mapped(machine, "sed -i 's/ hlb//' /etc/nsswitch.conf;")
    print(f"{machine.release}: mapped with hlb and not without: {sorted(with_it - without)}")
    module = {path for path in with_it if path.endswith("libnss_hlb.so.2")}
    assert with_it - without == module | {"/run/hlb/table"}


def mapped(machine, before=""):
    """The files that are mapped into a program that looks up again and again."""
    done = machine.shell(
        f"{before} lookup {APP} --for 2 --pause-us 1000 >/dev/null &"
        " sleep 1; cat /proc/$(pidof lookup)/maps; wait"
    )
    return {line.split(None, 5)[5] for line in done.stdout.splitlines() if "/" in line}
