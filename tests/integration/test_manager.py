"""org.hlb1.Manager: everybody sees all, some may change it, and what they say is kept."""

import json
import re
import shutil
import subprocess
import time

import pytest
from buses import BrokerBus, SystemBus, add_group
from lookups import lookup
from waiting import until
from world import BUILD, HERE, PORT, config, environment, run, saying, service

UP, DOWN, UP6 = "127.0.0.11", "127.0.0.21", "fd77::11"
APP, ROOT = "app.test", "/org/hlb1"
TCP = {"type": "tcp", "port": 8082, "interval": "250ms"}
STATIC = """
[[service]]
name = "static.test"
backends = [{ address = "127.0.0.31", weight = 3 }]
check = { type = "none" }
"""
WHO_MAY = "only root and members of the group hlb may change anything"


@pytest.fixture(params=[SystemBus, BrokerBus], ids=["dbus-daemon", "dbus-broker"])
def any_bus(request, stage):
    return request.param(stage)


def services(**check):
    app = service(APP, [UP, DOWN, UP6], {**TCP, **check}, aliases=["www.app.test"])
    return config(app) + STATIC


def start(stage, bus, text=None, user=None):
    stage.backend(UP, UP6)
    hlbd = stage.hlbd(text or services(), bus="system", env=bus.env, user=user)
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    return hlbd


def backends(bus, name=APP):
    """By address, the fields of ListBackends that don't depend on time."""
    rows = bus.ask("ListBackends", "s", name)[0]
    return {row[1]: {"state": row[4], "reason": row[6], "override": row[7], "percent": row[9]}
            for row in rows}  # fmt: skip


def without_times(rows):
    return [[cell for cell in row if not (isinstance(cell, int) and cell > 10**12)] for row in rows]


# ---- seen by everybody -----------------------------------------------------------------------


def test_services_are_listed(stage, any_bus):
    start(stage, any_bus)
    assert without_times(any_bus.ask("ListServices")[0]) == [
        [APP, f"{ROOT}/service/app_2etest", "degraded", 3, 2, 2],
        ["static.test", f"{ROOT}/service/static_2etest", "up", 1, 1, 1],
    ]


def test_backends_are_listed_with_what_their_checks_found(stage, bus):
    start(stage, bus)
    rows = bus.ask("ListBackends", "s", "")[0]
    latencies = [row[-1] for row in rows]
    assert without_times(row[:-1] for row in rows) == [
        [APP, UP, f"{ROOT}/service/app_2etest/_3127_2e0_2e0_2e11", 8082, "up", "connected", "",
         1, 100, 0],
        [APP, DOWN, f"{ROOT}/service/app_2etest/_3127_2e0_2e0_2e21", 8082, "down",
         "connection refused", "", 1, 0, 0],
        [APP, UP6, f"{ROOT}/service/app_2etest/fd77_3a_3a11", 8082, "up", "connected", "",
         1, 100, 0],
        ["static.test", "127.0.0.31", f"{ROOT}/service/static_2etest/_3127_2e0_2e0_2e31", 0, "up",
         "not checked", "", 3, 100, 0],
    ]  # fmt: skip
    assert all(each >= 0 for each in latencies[0]) and set(latencies[1]) == {-1}


def test_a_backend_is_an_object_with_the_same_properties(stage, any_bus):
    start(stage, any_bus)
    tree = any_bus.busctl("tree", "--list", "org.hlb1").stdout.split()
    path = f"{ROOT}/service/app_2etest/_3127_2e0_2e0_2e21"
    assert path in tree and f"{ROOT}/service/static_2etest" in tree
    properties = any_bus.ask("GetBackend", "ss", APP, DOWN)[0]
    assert {name: value["data"] for name, value in properties.items() if name != "Since"} == {
        "Service": APP, "Address": DOWN, "Weight": 1, "Priority": 0, "State": "down",
        "Suspect": False, "HeldBack": False, "Reason": "connection refused", "Override": ["", "", 0, 0, 0],
        "OverrideOfFleet": False, "OverrideBy": "", "WeightPercent": 0,
        "Checks": [["tcp 127.0.0.21:8082", "down", "connection refused", 0,
                    properties["Checks"]["data"][0][4]]],
    }  # fmt: skip
    for name, value in properties.items():
        if name != "Checks":
            assert any_bus.property(name, path, "org.hlb1.Backend") == value["data"]


def test_all_objects_are_managed(stage, bus):
    start(stage, bus)
    words = ("call", "org.hlb1", ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    objects = json.loads(bus.busctl("--json=short", *words).stdout)["data"][0]
    assert len(objects) == 6
    app = objects[f"{ROOT}/service/app_2etest"]["org.hlb1.Service"]
    assert app["Checks"]["data"] == ["tcp, port 8082, every 250ms"]
    assert app["Aliases"]["data"] == ["www.app.test"]


def test_the_whole_is_told_by_properties(stage, bus):
    hlbd = start(stage, bus)
    names = ("Services", "ServicesDown", "Backends", "BackendsUp", "Degraded", "ConfigFile")
    assert [bus.property(name) for name in names] == [2, 0, 4, 3, [], str(hlbd.config_file)]
    assert abs(bus.property("StartedAt") / 1e6 - time.time()) < 60
    assert bus.property("Version") == run(BUILD / "hlbd", "--version").stdout.strip()


@pytest.mark.parametrize("name, belongs_to", [(APP, APP), ("WWW.app.test.", APP)])
def test_a_name_leads_to_its_service(stage, bus, name, belongs_to):
    start(stage, bus)
    assert bus.ask("FindService", "s", name) == [belongs_to]


@pytest.mark.parametrize("call, message", [
    (("FindService", "s", "sub.app.test"), "sub.app.test: no service has this name"),
    (("ListBackends", "s", "nix.test"), "nix.test: no service has this name"),
    (("GetBackend", "ss", "nix.test", UP), "nix.test: no service has this name"),
    (("GetBackend", "ss", APP, "127.0.0.99"), f"{APP} has no backend 127.0.0.99"),
    (("SetOverride", "ssts", "nix.test", "drain", 0, ""),
     "nix.test: no backend is meant by this; a target is SERVICE, SERVICE/ADDRESS or ADDRESS, with "
     "* and ? as wildcards"),
    (("SetOverride", "ssts", APP, "sleep", 0, ""),
     '"sleep" is no override: give drain, maintenance, up or down'),
    (("SetOverride", "ssts", APP, "drain", 10**18, ""),
     "the duration is longer than ten years; give 0 for none"),
    (("SetOverride", "ssts", APP, "drain", 0, "x" * 1001), "the reason is longer than 1000 bytes"),
    (("ClearOverride", "s", APP), f"{APP}: no override is in force on this"),
])  # fmt: skip
def test_a_call_that_makes_no_sense_is_told_why(stage, bus, call, message):
    start(stage, bus)
    refused = bus.manager(*call)
    assert refused.returncode != 0 and refused.stderr == f"Call failed: {message}\n"


# ---- told by itself --------------------------------------------------------------------------


def messages(monitor):
    """All that were seen so far."""
    return [json.loads(line) for line in monitor.log().splitlines() if line.startswith("{")]


def signals(monitor):
    """The signals seen so far: member, and the arguments without the times."""
    seen = []
    for message in messages(monitor):
        if message.get("type") == "signal" and message.get("interface") == "org.hlb1.Manager":
            seen.append([message["member"], *message["payload"]["data"][1:]])
    return seen


def test_changes_are_signalled_and_remembered(stage, any_bus):
    text = config(service(APP, [UP], TCP))
    backend = stage.backend(UP)
    stage.hlbd(text, bus="system", env=any_bus.env)
    until(lambda: any_bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    monitor = any_bus.monitor(stage)
    backend.kill()
    expected = [
        ["BackendChanged", APP, UP, "up", "down", "connection refused"],
        ["ServiceChanged", APP, "up", "down"],
    ]
    until(lambda: signals(monitor) == expected, "the signals")
    events = any_bus.ask("ListEvents", "u", 2)[0]
    assert without_times(events) == [
        [APP, UP, "state", "up", "down", "connection refused"],
        [APP, "", "state", "up", "down", ""],
    ]
    assert abs(events[0][0] / 1e6 - time.time()) < 60


def properties_told(monitor):
    """What PropertiesChanged has said of the Manager so far."""
    told = []
    for message in messages(monitor):
        if message.get("member") == "PropertiesChanged":
            interface, changed, _ = message["payload"]["data"]
            if interface == "org.hlb1.Manager":
                told.append({name: value["data"] for name, value in changed.items()})
    return told


def test_properties_that_changed_are_signalled(stage, bus):
    start(stage, bus)
    monitor = bus.monitor(stage)
    bus.ask("SetOverride", "ssts", f"{APP}/{UP}", "down", 0, "")
    monitor.wait_for_log(r'PropertiesChanged.*org\.hlb1\.Backend.*"down"')
    monitor.wait_for_log(r'PropertiesChanged.*org\.hlb1\.Manager.*"BackendsUp"')
    bus.ask("ClearOverride", "s", f"{APP}/{UP}")
    bus.ask("SetOverride", "ssts", f"{APP}/{UP}", "drain", 0, "")  # which is up all the same
    monitor.wait_for_log(r'PropertiesChanged.*org\.hlb1\.Backend.*"drain"')
    assert properties_told(monitor) == [{"BackendsUp": 2}, {"BackendsUp": 3}]


def test_a_reload_makes_and_drops_objects(stage, bus):
    hlbd = start(stage, bus)
    monitor = bus.monitor(stage)
    hlbd.write_config(config(service(APP, [UP, "127.0.0.22"], TCP)))
    assert bus.ask("Reload") == []
    monitor.wait_for_log(r"InterfacesAdded.*_3127_2e0_2e0_2e22")
    monitor.wait_for_log(r"InterfacesRemoved.*static_2etest")
    tree = until(lambda: bus.busctl("tree", "--list", "org.hlb1").stdout.split(), "the tree")
    assert f"{ROOT}/service/app_2etest/_3127_2e0_2e0_2e22" in tree
    assert f"{ROOT}/service/static_2etest" not in tree


def test_a_configuration_with_faults_changes_nothing_and_degrades(stage, bus):
    hlbd = start(stage, bus)
    good = hlbd.config_file.read_text()
    hlbd.write_config(good + "\nnonsense = 1\n")
    refused = bus.manager("Reload")
    fault = rf"{hlbd.config_file}:\d+:1: "
    assert re.match(rf"Call failed: {fault}", refused.stderr)
    (reason,) = bus.property("Degraded")
    assert re.match(rf"configuration: {fault}.*; the one before goes on", reason)
    hlbd.write_config(good)
    assert bus.ask("Reload") == [] and bus.property("Degraded") == []


@pytest.fixture
def no_dns():
    """Nobody answers at the server that resolv.conf names."""
    with saying("/etc/resolv.conf", "nameserver 127.0.0.99\noptions timeout:1 attempts:1\n"):
        yield


def test_a_name_that_cannot_be_looked_up_degrades(stage, bus, no_dns):
    stage.hlbd(config(service("named.test", ["app.nix"], TCP)), bus="system", env=bus.env)
    reason = ["DNS: can't look up app.nix"]
    until(lambda: bus.property("Degraded") == reason, "the reason", 20)


def test_checks_that_find_nothing_out_degrade_until_they_do(stage, bus):
    file = stage.new_folder() / "backends"
    check = {"type": "file", "path": str(file), "interval": "200ms", "timeout": "200ms"}
    text = config(service("told.test", [UP], check))
    hlbd = stage.hlbd(text, bus="system", env=bus.env)
    reason = f"{file}: cannot be read: No such file or directory"
    reason = [f"checks: file {UP}:{PORT} of told.test finds nothing out: {reason}"]
    until(lambda: bus.property("Degraded") == reason, "the reason", 20)
    file.write_text(f"{UP} up\n")
    until(lambda: bus.property("Degraded") == [], "no reason any more", 20)
    hlbd.wait_for_log("info over after")


# ---- overrides -------------------------------------------------------------------------------


def addresses(name=APP):
    return lookup(name, family="inet").addresses


def test_a_drained_backend_gets_no_lookup_and_shows_its_true_state(stage, bus):
    stage.backend(UP, DOWN)
    stage.hlbd(config(service(APP, [UP, DOWN], TCP, answer="all")), bus="system", env=bus.env)
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    assert sorted(addresses()) == [UP, DOWN]
    assert bus.ask("SetOverride", "ssts", f"{APP}/{UP}", "drain", 0, "disk swap") == [1]
    assert addresses() == [DOWN]
    seen = backends(bus)[UP]
    assert seen == {"state": "up", "reason": "connected", "override": "drain", "percent": 0}
    override = bus.ask("GetBackend", "ss", APP, UP)[0]["Override"]["data"]
    assert override[:3] == ["drain", "disk swap", 0] and override[4] == 0
    assert bus.ask("ClearOverride", "s", APP) == [1]
    assert sorted(addresses()) == [UP, DOWN]


def test_one_is_forced_down_or_up_whatever_its_checks_find(stage, bus):
    start(stage, bus)
    bus.ask("SetOverride", "ssts", f"{APP}/{UP}", "down", 0, "")
    bus.ask("SetOverride", "ssts", f"{APP}/{DOWN}", "up", 0, "")
    until(lambda: addresses() == [DOWN], "the one forced up alone")
    assert backends(bus)[DOWN]["state"] == "down"


def test_a_target_with_wildcards_means_many(stage, bus):
    start(stage, bus)
    assert bus.ask("SetOverride", "ssts", "*.test/127.*", "drain", 0, "") == [3]
    assert bus.ask("SetOverride", "ssts", UP6, "maintenance", 0, "") == [1]
    assert bus.ask("ClearOverride", "s", "*") == [4]


def state(bus):
    """The state of the first service, with how many are up and how many are answered."""
    row = bus.ask("ListServices")[0][0]
    return row[2], row[4], row[5]


def test_a_service_is_what_its_backends_are_under_their_overrides(stage, bus):
    start(stage, bus)
    assert state(bus) == ("degraded", 2, 2)
    bus.ask("SetOverride", "ssts", DOWN, "maintenance", 0, "")
    until(lambda: state(bus) == ("up", 2, 2), "one under maintenance does not count")
    bus.ask("SetOverride", "ssts", APP, "drain", 0, "")
    until(lambda: state(bus) == ("down", 2, 0), "nothing is answered")
    bus.ask("ClearOverride", "s", APP)
    bus.ask("SetOverride", "ssts", DOWN, "up", 0, "")
    until(lambda: state(bus) == ("up", 3, 3), "one forced up counts as up")


def test_only_the_best_priority_is_answered(stage, bus):
    backup = {"address": UP6, "priority": 1}
    start(stage, bus, config(service(APP, [UP, backup], TCP)))
    assert [backends(bus)[each]["percent"] for each in (UP, UP6)] == [100, 0]
    bus.ask("SetOverride", "ssts", UP, "drain", 0, "")
    assert [backends(bus)[each]["percent"] for each in (UP, UP6)] == [0, 100]


def test_an_override_ends_by_itself(stage, bus):
    start(stage, bus)
    bus.ask("SetOverride", "ssts", f"{APP}/{UP}", "down", 1_500_000, "")
    assert backends(bus)[UP]["override"] == "down"
    until(lambda: backends(bus)[UP]["override"] == "", "the end of it")
    last = without_times(bus.ask("ListEvents", "u", 0)[0])
    assert [APP, UP, "override", "down", "", "its time is over"] in last


def test_overrides_outlive_reload_restart_and_a_crash(stage, bus):
    hlbd = start(stage, bus)
    bus.ask("SetOverride", "ssts", f"{APP}/{UP}", "drain", 0, "disk")
    bus.ask("Reload")
    for end in (hlbd.terminate, hlbd.kill):
        end()
        hlbd.restart()
        until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
        assert backends(bus)[UP]["override"] == "drain"
        assert addresses() == [] or UP not in addresses()


def test_a_file_of_overrides_that_cannot_be_used_is_a_warning_and_kept(stage, bus):
    hlbd = start(stage, bus)
    hlbd.terminate()
    file = hlbd.config_file.parent / "state/overrides.json"
    file.write_text("{ half")
    hlbd.restart()
    hlbd.wait_for_log(r"overrides\.json is no JSON, .*: no override is in force; the file is kept "
                      r"as overrides\.json\.unusable")  # fmt: skip
    assert file.with_suffix(".json.unusable").read_text() == "{ half"


def test_an_override_that_cannot_be_kept_is_refused_and_has_no_effect(stage, bus):
    hlbd = start(stage, bus)
    assert bus.ask("SetOverride", "ssts", f"{APP}/{UP}", "maintenance", 0, "") == [1]
    state = hlbd.config_file.parent / "state"
    shutil.rmtree(state)
    state.write_text("a file where the folder should be")
    why = f"nothing is changed: an override can't be kept in {state}/overrides.json: Not a directory"
    for call in (("SetOverride", "ssts", f"{APP}/{UP}", "drain", 0, ""), ("ClearOverride", "s", APP)):
        refused = bus.manager(*call)
        assert refused.returncode != 0 and why in refused.stderr
        assert backends(bus)[UP]["override"] == "maintenance"
    assert bus.property("Degraded") == [why.replace("nothing is changed: an override", "overrides:")]
    state.unlink()
    assert bus.ask("ClearOverride", "s", APP) == [1]
    assert backends(bus)[UP]["override"] == "" and bus.property("Degraded") == []


def test_overrides_that_are_set_at_a_time_are_all_kept_and_confirmed(stage, bus):
    hlbd = start(stage, bus)
    words = ("busctl", "--system", "call", "org.hlb1", "/org/hlb1", "org.hlb1.Manager")
    calls = [
        stage.program(*words, "SetOverride", "ssts", f"{APP}/{address}", "drain", "0", str(number),
                      env=environment(**bus.env))
        for number in range(8) for address in (UP, DOWN)
    ]  # fmt: skip
    assert [call.process.wait(10) for call in calls] == [0] * len(calls)
    assert [call.log() for call in calls] == ["u 1\n"] * len(calls)
    hlbd.kill()
    hlbd.restart()
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    assert [backends(bus)[address]["override"] for address in (UP, DOWN)] == ["drain", "drain"]


def test_nobody_is_alarmed_by_what_is_under_maintenance(stage, bus, tmp_path):
    told = tmp_path / "told"
    told.write_text("")
    told.chmod(0o666)
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$HLB_OLD_STATE $HLB_NEW_STATE" >>{told}\n')
    hook.chmod(0o755)
    backend = stage.backend(UP)
    text = config(service(APP, [UP], TCP), on_change=[str(hook)], on_change_user="root")
    hlbd = stage.hlbd(text, bus="system", env=bus.env)
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    bus.ask("SetOverride", "ssts", APP, "maintenance", 0, "kernel")
    backend.kill()
    until(lambda: backends(bus)[UP]["state"] == "down", "the backend down")
    hlbd.wait_for_log(rf"info {APP}/{UP}: up -> down: connection refused")
    time.sleep(0.5)
    assert told.read_text() == ""
    bus.ask("ClearOverride", "s", APP)
    until(lambda: told.read_text() == "up down\n", "the hook, when the maintenance is over")


# ---- who may change --------------------------------------------------------------------------

CHANGES = [("SetOverride", "ssts", APP, "drain", 0, ""), ("ClearOverride", "s", APP), ("Reload",)]


def test_an_unprivileged_user_reads_everything_and_changes_nothing(stage, any_bus):
    start(stage, any_bus, services(interval="1h"))  # so that nothing changes between two calls
    for call in (("ListServices",), ("ListBackends", "s", ""), ("ListEvents", "u", 0),
                 ("GetBackend", "ss", APP, UP), ("FindService", "s", APP)):  # fmt: skip
        assert any_bus.ask(*call, user="nobody") == any_bus.ask(*call)
    assert any_bus.property("Services", user="nobody") == 2
    monitor = any_bus.monitor(stage)
    for call in CHANGES:
        assert any_bus.manager(*call, user="nobody").returncode != 0
    monitor.wait_for_log("org.freedesktop.DBus.Error.AccessDenied.*" + WHO_MAY)
    assert backends(any_bus)[UP]["override"] == ""


def test_a_member_of_the_group_may_change(stage, any_bus):
    add_group("hlb", "deputy")
    start(stage, any_bus)
    assert any_bus.ask("SetOverride", "ssts", APP, "drain", 0, "", user="deputy") == [3]
    user = int(run("id", "-u", "deputy").stdout)
    assert any_bus.ask("GetBackend", "ss", APP, UP)[0]["Override"]["data"][2] == user
    assert any_bus.ask("Reload", user="deputy") == []


POLKIT_RULE = """\
polkit.addRule(function(action, subject) {
    if (action.id == "org.hlb1.manage" && subject.user == "chosen") return polkit.Result.YES;
});
"""


@pytest.fixture
def polkit(stage):
    """A bus with polkit on it, which lets the user chosen manage."""
    for user in ("chosen", "polkitd", "hlb"):
        subprocess.run(["useradd", "--system", user], check=False)
    bus = SystemBus(stage, "/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf")
    actions = stage.new_folder()
    shutil.copy(HERE.parents[1] / "hlbd/data/org.hlb1.policy", actions)
    rules = stage.new_folder()
    (rules / "50-hlb.rules").write_text(POLKIT_RULE)
    for folder in (actions, rules):
        folder.chmod(0o755)
    script = (f"mount --bind {actions} /usr/share/polkit-1/actions && "
              f"mount --bind {rules} /usr/share/polkit-1/rules.d && "
              f"exec /usr/lib/polkit-1/polkitd --no-debug")  # fmt: skip
    stage.program("unshare", "--mount", "sh", "-c", script, env=environment(**bus.env))
    until(lambda: "PolicyKit1" in bus.busctl("list").stdout, "polkit on the bus")
    return bus


def test_whom_polkit_allows_may_change(stage, polkit):
    start(stage, polkit, user="hlb")
    assert polkit.ask("SetOverride", "ssts", APP, "drain", 0, "", user="chosen") == [3]
    assert polkit.manager("Reload", user="nobody").returncode != 0


# ---- the bus goes and comes ------------------------------------------------------------------


def test_hlbd_and_its_objects_come_back_to_a_restarted_bus(stage, any_bus):
    hlbd = start(stage, any_bus)
    any_bus.restart()
    until(lambda: any_bus.manager("ListServices").returncode == 0, "org.hlb1 again", 20)
    assert hlbd.running()
    assert f"{ROOT}/service/app_2etest" in any_bus.busctl("tree", "--list", "org.hlb1").stdout


def test_a_service_that_answers_with_all_when_all_are_down_says_so(stage, bus):
    text = config(service(APP, [UP, DOWN], TCP, when_all_down="all"))
    stage.hlbd(text, bus="system", env=bus.env)
    until(lambda: bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
    (_, _, state, backends_of_it, up, answered, _) = bus.ask("ListServices")[0][0]
    assert (state, backends_of_it, up, answered) == ("down", 2, 0, 2)
    assert lookup(APP).addresses and set(lookup(APP).addresses) <= {UP, DOWN}
