"""The rules of close_connections: when hlbd ends connections, again and again, and when it ends none."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from apart import NET_ADMIN, Helper
from buses import SystemBus
from keeping import CHECK, KEEP, HeldSockets, KeepingServer, closing, ended
from lookups import lookup
from transitions import transitions
from waiting import until
from world import PORT, config, service

A, B, C, D, E, F = (f"127.0.8.{number}" for number in range(1, 7))
A6, B6 = "fd77::11", "fd77::12"
SILENT = "127.0.8.11"  # whose server is one of its own
ALL = (A, B, C, D, E, F, A6, B6)


def open_to_all(stage):
    """Other users are to reach what is in its folders."""
    for folder in (stage.folder, *stage.folder.parents):
        if folder.is_relative_to("/run/tests"):
            folder.chmod(0o755)


class Ground:
    """A server at all addresses, and hlbd."""

    def __init__(self, stage, *services, log_level="info", **options):
        self.stage = stage
        self.server = KeepingServer(stage, [PORT, KEEP], ALL)
        self.hlbd = stage.hlbd(config(*services, log_level=log_level), **options)

    def hold(self, address, kind="tcp", count=3, port=KEEP):
        return HeldSockets(self.stage, kind, address, port, count)

    def is_down(self, name, address):
        last = [each for each in transitions(self.hlbd.log()) if (each.name, each.address) == (name, address)]
        return bool(last) and last[-1].change.endswith("-> down")

    def bring_down(self, name, *addresses, word="health"):
        """These alone are sick from now on."""
        self.server.sick(*addresses, word=word)
        until(lambda: all(self.is_down(name, each) for each in addresses), f"{addresses} down")

    def wait_until_ended(self, address, times=1):
        until(lambda: len(ended(self.hlbd, address)) >= times, f"{address}: ended {times} times")
        return ended(self.hlbd, address)


# ---- rules -------------------------------------------------------------------------------------


def test_with_all_programs_that_connect_anew_are_ended_again_after_1_and_5_s(stage):
    ground = Ground(stage, closing("app.test", [A, B]))
    held = ground.hold(A, "stubborn")
    ground.bring_down("app.test", A)
    lines = ground.wait_until_ended(A, times=3)
    assert [each.count for each in lines] == [3, 3, 3]
    second, third = (each.time - lines[0].time for each in lines[1:])
    assert 0.9 < second < 4.5 < third
    until(lambda: held.ended() == 9, "all ended three times")
    assert lookup("app.test").addresses == [B]


def test_a_backend_that_is_up_again_keeps_its_new_connections(stage):
    ground = Ground(stage, closing("app.test", [A, B], check={"rise": 1}), closing("sign.test", [C, D]))
    held, sign = ground.hold(A, "stubborn"), ground.hold(C, "stubborn")
    ground.bring_down("app.test", A)
    ground.wait_until_ended(A)
    ground.bring_down("sign.test", C)
    until(lambda: not ground.is_down("app.test", A), "A is up")
    ground.wait_until_ended(C, times=3)
    (up,) = transitions(ground.hlbd.log(), "down -> up")
    lines = ended(ground.hlbd, A)
    assert all(each.time <= up.time for each in lines)
    until(lambda: sign.ended() == 9, "all of the sign's ended three times")
    assert held.ended() == 3 * len(lines)


def test_without_ports_of_their_own_those_of_the_checks_are_meant(stage):
    ground = Ground(stage, service("app.test", [A, B], CHECK, close_connections="all"))
    held, other = ground.hold(A, port=PORT), ground.hold(A)
    ground.bring_down("app.test", A)
    held.wait_until_all_ended()
    assert ground.wait_until_ended(A)[0].count == 3
    assert other.ended() == 0


def test_connected_udp_is_ended_with_all(stage):
    ground = Ground(stage, closing("app.test", [A, B]))
    held = ground.hold(A, "udp")
    ground.bring_down("app.test", A)
    held.wait_until_all_ended()


def test_ipv6_is_ended_as_well(stage):
    ground = Ground(stage, closing("app.test", [A6, B6], "stale"))
    held = ground.hold(A6)
    ground.bring_down("app.test", A6)
    held.wait_until_all_ended()


# In each of these "sign.test" goes down later, and its connections are ended twice. Had those of the
# others been meant to end, they would have by then.


class Signed(Ground):
    def __init__(self, stage, *services, **options):
        super().__init__(stage, *services, closing("sign.test", [C, D]), **options)
        self.sign = self.hold(C, "stubborn")

    def bring_down(self, name, *addresses):
        """Waits until the sign's connections have been ended twice."""
        super().bring_down(name, *addresses)
        self.wait_for_sign(*addresses)

    def wait_for_sign(self, *sick):
        self.server.sick(*sick, C)
        self.wait_until_ended(C, times=2)


def test_none_is_ended_while_no_other_backend_of_the_family_serves(stage):
    ground = Signed(stage, closing("app.test", [A, A6, B6]))
    held = ground.hold(A)
    ground.bring_down("app.test", A)
    assert set(lookup("app.test").addresses) <= {A6, B6}
    assert held.ended() == 0


def test_none_is_ended_of_the_last_that_goes_down(stage):
    ground = Signed(stage, closing("app.test", [A, B]))
    held, held_b = ground.hold(A), ground.hold(B)
    Ground.bring_down(ground, "app.test", B)
    held_b.wait_until_all_ended()
    ground.bring_down("app.test", A, B)
    assert held.ended() == 0


def test_none_is_ended_until_every_service_with_address_and_port_has_it_down(stage):
    other = closing("other.test", [A, B], check={"path": "/other"})
    ground = Signed(stage, closing("app.test", [A, B]), other)
    held = ground.hold(A)
    ground.bring_down("app.test", A)
    assert held.ended() == 0
    with open(ground.server.sick_file, "a", encoding="ascii") as sick:
        sick.write(f"{A} other\n")
    held.wait_until_all_ended()


def test_a_service_without_the_option_whose_check_has_the_port_up_keeps_them(stage):
    keeps = service("keeps.test", [A, B], {"port": KEEP, "path": "/other"})
    ground = Signed(stage, closing("app.test", [A, B]), keeps)
    held = ground.hold(A)
    ground.bring_down("app.test", A)
    assert held.ended() == 0


def overridden(stage, kind):
    """And some connections to A, which an operator has decided on."""
    bus = SystemBus(stage)
    ground = Signed(stage, closing("app.test", [A, B, E]), bus="system", env=bus.env)
    held = ground.hold(A)
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    assert bus.ask("SetOverride", "ssts", f"app.test/{A}", kind, 0, "") == [1]
    return ground, held


def behind_its_socket(stage):
    """How hlbd is started as an ordinary user, with its helper as a service manager runs it."""
    open_to_all(stage)
    helper = stage.add(Helper(stage.new_folder() / "log", "hlb-connections", NET_ADMIN))
    return {"user": "hlb", "options": ["--connections-socket", helper.socket]}


def test_hlbds_own_connections_are_not_ended(stage):
    # Nearly always a probe is under way.
    check = {**CHECK, "down_interval": "10ms"}
    app = service("app.test", [SILENT, B], check, close_connections="all")
    server = KeepingServer(stage, [PORT], [SILENT])
    ground = Signed(stage, app, log_level="debug", **behind_its_socket(stage))
    held = ground.hold(SILENT, port=PORT)
    server.program.signal(signal.SIGSTOP)  # it takes connections all the same
    until(lambda: ground.is_down("app.test", SILENT), "the silent one down")
    held.wait_until_all_ended()
    ground.wait_for_sign()
    assert [each.count for each in ended(ground.hlbd, SILENT)] == [3]
    assert "was ended on this host" not in ground.hlbd.log()


@pytest.mark.parametrize("kind", ["drain", "maintenance", "up"])
def test_none_is_ended_of_a_backend_that_an_operator_has_drained_or_forced_up(stage, kind):
    ground, held = overridden(stage, kind)
    ground.bring_down("app.test", A)
    assert held.ended() == 0


def test_none_is_ended_of_a_backend_that_is_down_by_an_operator_until_its_checks_agree(stage):
    ground, held = overridden(stage, "down")
    ground.wait_for_sign()
    assert held.ended() == 0
    ground.server.sick(A)
    held.wait_until_all_ended()


def test_none_is_ended_in_a_mass_failure(stage):
    # By the first verdict all four have failed.
    slow = {"interval": "1s", "fast_interval": "500ms", "fall": 6}
    ground = Ground(stage, closing("app.test", [A, B, C], check=slow),
                    closing("other.test", [D, E, F], check=slow))  # fmt: skip
    held = {each: ground.hold(each) for each in (A, B, D, E)}
    ground.server.sick(*held)
    until(lambda: len(transitions(ground.hlbd.log(), "up -> down")) == 4, "all four down")
    # All but one recover, and one of these goes down again, now by itself.
    ground.server.sick(A)
    until(lambda: len(transitions(ground.hlbd.log(), "down -> up")) == 3, "three up again")
    ground.server.sick(A, D)
    held[D].wait_until_all_ended()
    assert [held[each].ended() for each in (A, B, E)] == [0, 0, 0]
    assert [each.address for each in ended(ground.hlbd)] == [D]


# ---- the helper ----------------------------------------------------------------------------------


def helpers():
    """Processes of hlb-connections."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.path.basename(os.readlink(process / "exe")).startswith("hlb-connections"):
                found.append(process.name)
        except OSError:
            pass  # it has ended, or is the kernel's
    return found


@pytest.mark.parametrize("wanted", [True, False], ids=["with", "without"])
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_without_the_option_no_helper_runs_and_no_sockets_are_dumped(stage, wanted):
    trace = stage.new_folder() / "trace"
    # In the background, so that hlbd is the child that is ended.
    strace = ("strace", "-D", "-f", "-o", trace, "-e", "trace=sendto,sendmsg,execve")
    app = closing("app.test", [A, B], "stale" if wanted else "never")
    ground = Ground(stage, app, prefix=strace)
    held = ground.hold(A)
    if wanted:
        until(helpers, "the helper")
    ground.bring_down("app.test", A)
    if wanted:
        held.wait_until_all_ended()
    assert bool(helpers()) == wanted
    ground.hlbd.terminate()
    until(lambda: "+++ exited" in trace.read_text(), "the trace")
    assert ("SOCK_DIAG_BY_FAMILY" in trace.read_text()) == wanted
    assert held.ended() == (3 if wanted else 0)


def test_a_reload_that_takes_the_option_away_ends_the_helper(stage):
    ground = Ground(stage, closing("app.test", [A, B]))
    until(helpers, "the helper")
    ground.hlbd.reload(config(closing("app.test", [A, B], "never")))
    until(lambda: not helpers(), "the helper's end")
    held = ground.hold(A)
    ground.hlbd.reload(config(closing("app.test", [A, B])))
    until(helpers, "the helper again")
    ground.bring_down("app.test", A)
    held.wait_until_all_ended()


def test_a_helper_that_dies_is_started_again(stage):
    ground = Ground(stage, closing("app.test", [A, B]))
    held = ground.hold(A)
    until(helpers, "the helper")
    os.kill(int(helpers()[0]), signal.SIGKILL)
    ground.bring_down("app.test", A)
    held.wait_until_all_ended()


def test_the_hlbd_of_an_ordinary_user_says_that_it_can_end_none(stage):
    open_to_all(stage)
    ground = Ground(stage, closing("app.test", [A, B]), user="nobody")
    held = ground.hold(A)
    ground.hlbd.wait_for_log("connections: ")
    ground.bring_down("app.test", A)
    assert lookup("app.test").addresses == [B]
    assert held.ended() == 0
