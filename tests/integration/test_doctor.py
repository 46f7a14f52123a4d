"""hlbctl doctor on machines that each have one fault: it finds that one, and says nothing else."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from buses import SystemBus
from doctor import (
    ALIAS, HOSTS, NAME, NSSWITCH, OTHER_RELEASE, RESOLV, SERVICES, WELL, WELL_ELSE, A, Machine,
)  # fmt: skip
from programs import as_user
from waiting import until
from world import BUILD, DNS_IPV4, PEER_HOST, config, environment, run, service

TABLE, SOCKET = Path("/run/hlb/table"), Path("/run/hlb/bus")


def test_a_machine_in_order_has_nothing(machine):
    assert machine.doctor() == WELL
    assert machine.doctor(NAME) == ["nothing found: hlb answers lookups of app.test"]
    assert json.loads(machine.run("--json").stdout) == {"findings": []}


def test_json_holds_the_parts_of_each_finding(machine):
    NSSWITCH.write_text("hosts: files dns\n")
    result = machine.run("--json")
    assert result.returncode == 1
    assert json.loads(result.stdout) == {
        "findings": [
            {
                "severity": "fault",
                "about": "nsswitch",
                "what": "no hlb on the hosts line (/etc/nsswitch.conf:1)",
                "why": "No program asks hlb.",
                "mend": "Write: hosts: files hlb dns",
            }
        ]
    }


@pytest.mark.parametrize("no_color, start, end", [("", "\033[1m", "\033[0m"), ("1", "", "")])
def test_a_terminal_shows_lines_of_its_width(machine, no_color, start, end):
    NSSWITCH.write_text("hosts: files dns\n")
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    env = {**machine.env, "NO_COLOR": no_color}
    subprocess.run([BUILD / "hlbctl", "doctor"], env=env, stdout=its, check=False)
    os.close(its)
    shown = os.read(ours, 4096).decode().replace("\r\n", "\n")
    os.close(ours)
    assert shown == (
        f"{start}nsswitch: no hlb on the hosts line{end}\n"
        f"    {start}(/etc/nsswitch.conf:1). {end}No program\n"
        "    asks hlb. Write: hosts: files hlb\n"
        "    dns\n"
    )


# ---- hlbd and its table ----------------------------------------------------------------------

FAILS = "Every lookup of a service's name fails, as if no backend were healthy."
IN_VAIN = "Lookups wait for it in vain."
BY_SOCKET = "Each lookup has to ask hlbd over its socket, if there is one."
NOT_TAKEN = "The module takes no such table, and each lookup has to ask hlbd over its socket."
START = "Type: systemctl start hlbd; if it ends again, see: journalctl -u hlbd"
ENDED_LATELY = re.compile(
    r"hlbd: it isn't running: /run/hlb/table is no longer renewed\. Programs still get its last "
    rf"answers, for (\d+)s more, and then none\. {re.escape(START)}"
)
LOOK_ELSEWHERE = "Compare its --runtime-dir, and read its log: journalctl -u hlbd"
RESTART = "Type: systemctl restart hlbd"
NOT_NEEDED = "hlbctl can't reach hlbd; lookups don't need the bus."


def comes_to(machine, *lines):
    until(lambda: machine.doctor() == list(lines), f"{lines} from doctor", 20)


def patch(offset, packed):
    """Overwrites bytes of the table where it stands; hlbd, if it runs, makes it anew."""
    with open(TABLE, "r+b") as table:
        table.seek(offset)
        table.write(packed)


def test_hlbd_was_never_started(machine):
    machine.hlbd.kill()
    shutil.rmtree("/run/hlb")
    assert machine.doctor() == [
        "hlbd: it isn't running (/run/hlb/table: No such file or directory). Without it no name is "
        f"hlb's, and the next source answers. {START}"
    ]


def test_hlbd_runs_but_its_table_is_elsewhere(machine, folder):
    missing = (
        f"hlbd: it runs, but {folder}/table: No such file or directory. "
        f"{BY_SOCKET} {LOOK_ELSEWHERE}"
    )
    here = ("--runtime-dir", folder)
    result = run(BUILD / "hlbctl", *here, "doctor", env=machine.env, check=False)
    assert result.stdout.splitlines() == [missing]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_hlbd_that_has_just_ended(etc, stage, end):
    """It says so at once, and for how long lookups go on."""
    machine = Machine(stage, max_stale="60s")
    machine.hlbd.signal(end)
    machine.hlbd.process.wait()
    left = ENDED_LATELY.fullmatch("\n".join(machine.doctor()))
    assert left and 20 < int(left[1]) < 60


def test_hlbd_that_its_configuration_keeps_from_starting(etc, stage):
    machine = Machine(stage, max_stale="1s")
    machine.hlbd.kill()
    machine.hlbd.write_config("[[servic]]\n[[nonsense]]\n")
    (finding,) = machine.doctor()
    fault = run(BUILD / "hlbd", "--check-config", "--config", machine.hlbd.config_file, check=False).stderr
    first = fault.splitlines()[0]
    assert first.endswith('did you mean "service"?')
    assert finding.startswith(f"hlbd: it isn't running, and can't start by its configuration: {first} ")
    assert finding.endswith(" Type: hlbctl check-config")
    unable = run(*as_user("nobody"), BUILD / "hlbctl", "doctor", env=machine.env, check=False).stdout
    assert START in unable and "configuration" not in unable  # not by the rights that hlbd has


def test_hlbd_was_killed_longer_ago_than_its_answers_last(etc, stage):
    machine = Machine(stage, max_stale="1s")
    machine.hlbd.kill()
    comes_to(machine, "hlbd: it isn't running: /run/hlb/table is no longer renewed. "
             f"{FAILS} {START}")  # fmt: skip


def test_hlbd_hangs(etc, stage):
    machine = Machine(stage, max_stale="1s")
    machine.hlbd.signal(signal.SIGSTOP)
    hangs = f"hlbd: it hangs: /run/hlb/table is no longer renewed. {IN_VAIN} {FAILS} {RESTART}"
    comes_to(machine, hangs)
    machine.bus.program.kill()
    assert machine.doctor() == [hangs]


def test_hlbd_renews_another_table(machine):
    other = Path("/run/other")
    shutil.copytree(TABLE.parent, other, ignore=shutil.ignore_patterns("bus*"))
    try:
        wanted = f"hlbd: it runs, but doesn't renew /run/other/table. {BY_SOCKET} {LOOK_ELSEWHERE}"
        until(lambda: wanted in machine.doctor("--runtime-dir", other), wanted, 20)
    finally:
        shutil.rmtree(other)


def test_a_lease_too_far_ahead(machine):
    machine.hlbd.kill()
    patch(16, struct.pack("<Q", 1 << 62))
    assert machine.doctor() == [
        "hlbd: the lease of /run/hlb/table lies too far ahead to be true. In a time namespace, and "
        "of a copy, programs can't tell the age, and don't trust it. "
        "Run hlbd where the programs run."
    ]


def test_a_table_marked_as_replaced(machine):
    machine.hlbd.kill()
    patch(12, struct.pack("<I", 1))
    assert machine.doctor() == [
        "hlbd: /run/hlb/table is marked as replaced, but stands. "
        f"{BY_SOCKET} {RESTART}"
    ]


def test_a_table_of_another_version(machine):
    machine.hlbd.kill()
    patch(8, struct.pack("<H", 3))
    assert machine.doctor(NAME) == [
        f"module: {BUILD}/libnss_hlb.so.2 reads tables of version 2, but hlbd publishes version 3. "
        f"{OTHER_RELEASE}",
        "note: hlbd: /run/hlb/table is of version 3, of which hlbctl can't tell the names. Lookups "
        "of them weren't tried. Install hlbctl of hlbd's release.",
    ]


def test_a_table_that_is_none(machine):
    machine.hlbd.kill()
    patch(0, b"nonsense")
    assert machine.doctor() == [
        f"hlbd: /run/hlb/table is no table of hlbd's. {BY_SOCKET} {RESTART}"
    ]


def test_a_table_behind_a_link(machine):
    machine.hlbd.kill()
    TABLE.rename("/run/hlb/real")
    TABLE.symlink_to("/run/hlb/real")
    assert machine.doctor() == [
        f"hlbd: /run/hlb/table is a symbolic link. {NOT_TAKEN} "
        "Remove the link; hlbd puts the table there again."
    ]


def test_a_table_that_anybody_may_write(machine):
    TABLE.chmod(0o666)
    assert machine.doctor() == [
        "hlbd: /run/hlb/table can be written by others (its mode is 0666). "
        f"{NOT_TAKEN} Type: chmod 644 /run/hlb/table"
    ]


def test_a_folder_that_anybody_may_write(machine):
    TABLE.parent.chmod(0o777)
    assert machine.doctor() == [
        "hlbd: /run/hlb can be written by others (its mode is 0777). "
        f"{NOT_TAKEN} Type: chmod 755 /run/hlb"
    ]


def test_a_folder_of_somebody_else(machine):
    shutil.chown(TABLE.parent, "nobody")
    assert machine.doctor() == [
        "hlbd: /run/hlb and the table in it belong to different users. "
        f"{NOT_TAKEN} Start hlbd as the user whom the folder belongs to."
    ]


def test_a_socket_that_is_not_there(machine):
    SOCKET.unlink()
    assert machine.doctor() == [
        "hlbd: its socket /run/hlb/bus: No such file or directory. A lookup that the table can't "
        f"answer, as while hlbd starts, finds nobody to ask. {RESTART}"
    ]


def test_files_that_other_users_may_not_read(machine):
    NSSWITCH.chmod(0o640)
    Path("/run/hlb").chmod(0o750)
    TABLE.chmod(0o600)
    SOCKET.chmod(0o755)
    why = "Programs of other users can't use it."
    assert machine.doctor() == [
        f"permissions: {path} isn't open to every user (its mode is {mode}). {why} "
        f"Type: chmod o+{letters} {path}"
        for path, mode, letters in [
            ("/etc/nsswitch.conf", "0640", "r"),
            ("/run/hlb", "0750", "x"),
            ("/run/hlb/table", "0600", "r"),
            ("/run/hlb/bus", "0755", "w"),
        ]
    ]


def test_an_ordinary_user_sees_as_much(machine):
    doctor = (*as_user("nobody"), BUILD / "hlbctl", "doctor")
    assert run(*doctor, env=machine.env).stdout.splitlines() == WELL
    TABLE.chmod(0o600)
    assert run(*doctor, env=machine.env, check=False).stdout.splitlines() == [
        "permissions: /run/hlb/table isn't open to every user (its mode is 0600). Programs of "
        "other users can't use it. Type: chmod o+r /run/hlb/table"
    ]


# ---- the bus, which lookups don't need -------------------------------------------------------


def test_no_bus_is_a_note(machine):
    machine.bus.program.kill()
    machine.bus.socket.unlink()
    assert machine.doctor() == [
        "note: hlbd: the bus can't be reached: Failed to open bus (No such file or directory). "
        f"{NOT_NEEDED} Is dbus running?",
        *WELL_ELSE,
    ]


def test_a_bus_that_hangs_is_a_note(machine):
    machine.bus.program.signal(signal.SIGSTOP)
    assert machine.doctor() == [
        f"note: hlbd: the bus can't be reached: no answer within 2 s. {NOT_NEEDED} "
        "Is dbus running?",
        *WELL_ELSE,
    ]


def test_hlbd_without_its_name_on_the_bus_is_a_note(etc, stage):
    bus = SystemBus(stage)
    stage.backend(A)
    stage.hlbd(config(*SERVICES))
    result = run(BUILD / "hlbctl", "doctor", env=environment(**bus.env), check=False)
    assert result.stdout.splitlines() == [
        f"note: hlbd: nobody has the name org.hlb1 on the bus. {NOT_NEEDED} "
        "Read hlbd's log: journalctl -u hlbd",
        *WELL_ELSE,
    ]


# ---- connections, where a service wants them ended -------------------------------------------

KEEP_THEM = (
    "Whatever close_connections says, programs keep their connections to backends that are down: "
    "where nothing answers any more, for a quarter of an hour."
)
ENDED = config(*SERVICES, service("ended.test", [A], close_connections="stale"))
ALL_FOUR = "hlb answers lookups of its 4 names"


def test_connections_that_can_be_ended_are_in_order(machine):
    machine.hlbd.reload(ENDED)
    assert machine.doctor() == [f"nothing found: {ALL_FOUR}"]


def test_no_socket_where_hlbd_was_told_that_there_is_one(etc, stage):
    machine = Machine(stage, options=["--connections-socket", "/run/nowhere"])
    assert machine.doctor() == WELL  # no service wants it
    machine.hlbd.reload(ENDED)
    comes_to(
        machine,
        "note: connections: can't reach hlb-connections: No such file or directory. "
        f"{KEEP_THEM} Type: systemctl enable --now hlb-connections.socket",
        f"nothing else found: {ALL_FOUR}",
    )


def test_a_program_in_another_network_namespace(machine, stage):
    program = stage.backend("0.0.0.0", host=PEER_HOST)
    assert machine.doctor() == WELL
    machine.hlbd.reload(ENDED)
    assert machine.doctor() == [
        "note: connections: programs in 1 other network namespace keep theirs, as process "
        f"{program.pid} (python3). The kernel ends those of hlbd's own network namespace alone. "
        "Give such containers the host's network, or their programs timeouts of their own.",
        f"nothing else found: {ALL_FOUR}",
    ]


# ---- who answers instead ---------------------------------------------------------------------


def test_nscd_that_caches_hosts(machine, stage):
    nscd = stage.nscd(environment())
    settings = Path(nscd.command[-1])
    assert machine.doctor() == [
        f"nscd: nscd caches hosts ({settings}). Programs ask it before hlb, and it keeps a lone "
        'address, and "not found", for a while. '
        f"Write into {settings}: enable-cache hosts no; then restart nscd."
    ]
    settings.write_text(settings.read_text().replace("cache hosts yes", "cache hosts no"))
    assert machine.doctor() == WELL


def test_names_in_etc_hosts(machine):
    with HOSTS.open("a") as hosts:
        hosts.write("10.0.0.1 other APP.test  # app.test\n10.0.0.2 deep.er.web.test app.test.\n")
    is_first = "It is asked before hlb, and so hlb isn't. Remove the name from that line."
    first = f"hosts: /etc/hosts:3 says that APP.test is 10.0.0.1. {is_first}"
    assert machine.doctor() == [
        first,
        f"hosts: /etc/hosts:4 says that deep.er.web.test is 10.0.0.2. {is_first}",
        f"hosts: /etc/hosts:4 says that app.test. is 10.0.0.2. {is_first}",
    ]
    assert machine.doctor(ALIAS) == ["nothing found: hlb answers lookups of also.test"]
    NSSWITCH.write_text("hosts: hlb files dns\n")
    assert machine.doctor()[1:] == WELL_ELSE


def test_names_in_dns(machine):
    RESOLV.write_text("nameserver 127.0.0.53\n")
    says = f"DNS says that {NAME} is {DNS_IPV4}."
    mend = "Remove the name from DNS, if you can."
    assert machine.doctor(NAME) == [
        f"note: dns: {says} Who doesn't ask hlb gets that. {mend}",
        "nothing else found: hlb answers lookups of app.test",
    ]
    NSSWITCH.write_text("hosts: files dns hlb\n")
    lines = machine.doctor(NAME)
    assert lines[1:] == [f"dns: {says} It is asked before hlb, and so hlb isn't. {mend}"]


SILENT = """
import socket, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.55", 53))
print("up", flush=True)
time.sleep(99)
"""


def test_a_dns_server_that_hangs_costs_two_seconds(machine, stage):
    RESOLV.write_text("nameserver 127.0.0.55\n" * 3)
    stage.program("python3", "-c", SILENT, ready="up")
    started = time.monotonic()
    assert machine.doctor() == WELL
    assert time.monotonic() - started < 10


def test_a_name_that_is_no_services(machine):
    assert machine.doctor("foreign.test") == [
        'service: "foreign.test" is no service\'s name. For such a name the next source answers. '
        "Type: hlbctl status, which lists the services; or configure it: man hlbd.toml"
    ]


def test_services_without_a_healthy_backend(etc, stage):
    machine = Machine(stage)
    down = {"backends": ["127.0.0.21"]}
    machine.hlbd.reload(config(service("none.test", **down),
                               service("next.test", **down, when_all_down="next")))  # fmt: skip
    none = (
        "no backend of none.test is healthy. Lookups fail with "
        '"Temporary failure in name resolution". Type: hlbctl status none.test'
    )
    comes_to(
        machine,
        'service: no backend of next.test is healthy. With when_all_down = "next" the next source '
        "answers meanwhile. Type: hlbctl status next.test",
        f"note: service: {none}",
    )
    assert machine.doctor("none.test")[0] == f"note: service: {none}"
