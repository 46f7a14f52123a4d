"""What a hostile local user can't do."""

import shutil
from pathlib import Path

from waiting import until
from service import APP, BACKENDS, Stream, addresses, seeing, serve_app

USER = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--")
SIEGE = Path(__file__).with_name("siege.py")


def test_can_change_nothing_of_what_hlbd_serves(machine):
    serve_app(machine)
    for attempt in (
        "echo >>/run/hlb/table",
        "rm -f /run/hlb/table",
        "mv /run/hlb/table /run/hlb/other",
        "rm -f /run/hlb/bus",
        "chmod 777 /run/hlb/bus",
        "touch /run/hlb/table.new",
        "mv /run/hlb /run/hlb.gone",
        "echo >>/etc/hlb/hlbd.toml",
        "touch /etc/hlb/services.d/own.toml",
        "echo >>/var/lib/hlb/state.json",
        "kill -HUP $(pidof hlbd)",
        "systemctl reload hlbd",
        "systemctl stop hlbd",
    ):
        done = machine.run(*USER, "sh", "-c", attempt, check=False)
        assert done.returncode != 0, attempt
    assert addresses(machine) == set(BACKENDS)


def test_can_set_no_override_and_take_no_name_on_the_bus(machine):
    serve_app(machine)
    call = ("busctl", "call", "org.hlb1", "/org/hlb1")
    done = machine.run(*USER, *call, "org.hlb1.Resolver", "Resolve", "si", APP, "0")
    assert "127.0.0." in done.stdout
    for words in (
        ("SetOverride", "ssts", APP, "drain", "0", ""),
        ("ClearOverride", "s", APP),
        ("Reload",),
    ):
        done = machine.run(*USER, *call, "org.hlb1.Manager", *words, check=False)
        assert done.returncode != 0
        assert "denied" in done.stderr.lower(), done.stderr
    take = ("busctl", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName")
    machine.run("systemctl", "stop", "hlbd")
    done = machine.run(*USER, *take, "su", "org.hlb1", "0", check=False)
    assert "denied" in done.stderr, done.stderr


def test_cannot_make_hlbd_grow_nor_starve_another_user(machine):
    serve_app(machine)
    shutil.copy(SIEGE, machine.file("/usr/local/bin/siege.py"))
    before = cost(machine)
    siege = machine.start(*USER, "python3", "/usr/local/bin/siege.py", 8, log="siege")
    until(lambda: "besieging" in (machine.folder / "siege").read_text(), "the siege is on")
    by_table = Stream(machine, 4)
    assert by_table.result().statuses() == {"OK"}
    # Without a table every lookup has to get through at the socket that is besieged.
    done = machine.shell(
        "mkdir /run/socket-alone; ln /run/hlb/bus /run/socket-alone/bus;"
        + seeing("/run/socket-alone", f"lookup {APP} --count 200")
    )
    most = cost(machine)
    assert siege.wait(60) == 0, (machine.folder / "siege").read_text()
    print((machine.folder / "siege").read_text(), "before", before, "under siege", most)
    assert done.stdout.count("status=") == done.stdout.count("status=OK")
    assert most["descriptors"] - before["descriptors"] <= 1024 - 128 + 4  # all places but root's
    assert most["kB"] - before["kB"] <= 64 * 1024
    until(lambda: cost(machine)["descriptors"] <= before["descriptors"] + 2, "all is closed again")


def cost(machine):
    found = machine.shell(
        "pid=$(systemctl show -P MainPID hlbd); ls /proc/$pid/fd | wc -l;"
        "grep VmRSS /proc/$pid/status"
    ).stdout.split()
    return {"descriptors": int(found[0]), "kB": int(found[2])}


def test_cannot_make_a_privileged_program_read_another_table(machine):
    serve_app(machine)
    # A table of the user's own making: hlbd's, run by the user, answers another address.
    machine.file("/srv/evil").mkdir()
    machine.file("/srv/evil/hlbd.toml").write_text(
        f'[[service]]\nname = "{APP}"\nbackends = ["192.0.2.66"]\n[service.check]\ntype = "none"\n'
    )
    machine.run("chown", "nobody", "/srv/evil")
    machine.serve(
        "evil", *USER, "hlbd", "--config", "/srv/evil/hlbd.toml", "--runtime-dir", "/srv/evil/run",
        "--state-dir", "/srv/evil/state", "--bus", "none",
    )  # fmt: skip
    until(lambda: machine.file("/srv/evil/run/table").exists(), "a table of the user's own")
    machine.shell("cp /usr/local/bin/lookup /srv/lookup && chmod 4755 /srv/lookup")
    privileged = "HLB_RUNTIME_DIR=/srv/evil/run /srv/lookup " + APP
    found = machine.run(*USER, "sh", "-c", privileged).stdout
    assert "192.0.2.66" not in found
    assert "127.0.0." in found
