"""What hlbd's unit lets it do, and what the unit of the programs that it has run."""

import re

from waiting import until
from service import APP, BACKENDS, addresses, answered, bring_tools, serve_app, start_backend

EXAMPLES = "/usr/share/doc/hlbd/examples"
# A program that leaves a process running to which nothing leads, and notes its id.
DAEMON = "setsid sh -c 'setsid sleep 4712 & echo $! >/tmp/daemon'; cp /tmp/daemon /tmp/known\n"


def configure(machine, check, daemon=""):
    config = machine.file("/etc/hlb/hlbd.toml")
    config.write_text(
        f'[daemon]\n{daemon}\n[[service]]\nname = "{APP}"\nbackends = ["127.0.0.1", "127.0.0.2"]\n'
        f"[[service.check]]\n{check}\n"
    )


def script(machine, path, text):
    machine.file(path).write_text("#!/bin/sh\n" + text)
    machine.file(path).chmod(0o755)


def with_drop_in(machine, name, unit="hlbd"):
    drop_ins = f"/etc/systemd/system/{unit}.service.d"
    machine.shell(
        f"mkdir -p {drop_ins}; cp {EXAMPLES}/{name} {drop_ins}/;"
        f"systemctl daemon-reload; systemctl restart {unit}"
    )


def exposure(machine, unit):
    level = machine.run("systemd-analyze", "security", unit).stdout.splitlines()[-1]
    return float(re.search(rf"level for {unit}\.service: ([0-9.]+)", level).group(1))


def main_pid(machine, unit):
    return machine.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()


def backends(machine):
    """What hlbd says of each backend, its reason too."""
    call = "busctl call org.hlb1 /org/hlb1 org.hlb1.Manager ListBackends s".split()
    return machine.run(*call, "").stdout


def check_by(machine, text):
    """hlbd with a check that is this script."""
    bring_tools(machine)
    script(machine, "/usr/local/bin/check", text)
    configure(machine, 'type = "exec"\ninterval = "1s"\ncommand = ["/usr/local/bin/check"]')
    machine.run("systemctl", "restart", "hlbd")


def test_it_is_tight(machine):
    assert exposure(machine, "hlbd") <= 1.5
    assert exposure(machine, "hlb-programs") <= 2.0
    status = machine.shell("cat /proc/$(systemctl show -P MainPID hlbd)/status").stdout
    assert re.search(r"^CapBnd:\s+0+$", status, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert re.search(r"^Seccomp:\s+2$", status, re.M)
    user = machine.run("id", "-u", "hlb").stdout.strip()
    assert re.search(rf"^Uid:\s+{user}\s+{user}\s+{user}\s+{user}$", status, re.M)


def test_systemd_knows_the_type_that_the_unit_has(machine):
    kind = machine.run("systemctl", "show", "-P", "Type", "hlbd").stdout.strip()
    assert kind == {"bookworm": "notify", "trixie": "notify-reload"}[machine.release]
    complaints = machine.run(
        "journalctl", "--no-pager", "-o", "cat", "--grep", "hlbd.service:.*nknown", check=False
    )
    assert "nknown" not in complaints.stdout


def test_exec_checks_and_hooks_work_in_it(machine):
    bring_tools(machine)
    script(
        machine,
        "/usr/local/bin/check",
        'exec curl -sfo /dev/null --max-time 1 "http://$HLB_ADDRESS:$HLB_PORT/"\n',
    )
    script(
        machine,
        "/usr/local/bin/hook",
        'id -un; echo "$HLB_ADDRESS $HLB_NEW_STATE" | logger -t hook; exit 3\n',
    )
    for address in BACKENDS:
        start_backend(machine, address)
    configure(
        machine,
        'type = "exec"\nport = 8082\ninterval = "500ms"\ncommand = ["/usr/local/bin/check"]',
        'on_change = ["/usr/local/bin/hook"]',
    )
    machine.run("systemctl", "restart", "hlbd")
    answered(machine, *BACKENDS)
    machine.run("systemctl", "kill", "-s", "KILL", "backend-127.0.0.1")
    answered(machine, "127.0.0.2")
    until(
        lambda: "127.0.0.1 down" in machine.run("journalctl", "-o", "cat", "-t", "hook").stdout,
        "the hook ran",
    )
    until(lambda: "exit code 3: hlb-programs" in machine.journal(), "the log says how it ended, and as whom")


def test_programs_that_compile_while_they_run_work(machine):
    # A just-in-time compiler's memory: to be read, written and executed.
    check_by(machine, "exec python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=7)'\n")
    answered(machine, *BACKENDS)


def test_programs_that_look_at_processes_need_the_drop_in_and_work_with_it(machine):
    check_by(machine, "cat /proc/1/comm || exit 2\n")
    until(lambda: "No such file" in backends(machine), "the check sees nobody else")
    until(lambda: addresses(machine) == set(), "nobody answered")
    with_drop_in(machine, "programs.conf", "hlb-programs")
    answered(machine, *BACKENDS)
    assert exposure(machine, "hlbd") <= 1.5


def test_programs_that_ping_need_the_drop_in_and_work_with_it(machine):
    check_by(machine, 'exec ping -c 1 -W 1 "$HLB_ADDRESS"\n')
    until(lambda: "ping" in backends(machine), "the check is refused")
    assert addresses(machine) == set()
    with_drop_in(machine, "programs.conf", "hlb-programs")
    answered(machine, *BACKENDS)


def test_a_check_in_another_network_namespace_needs_the_drop_in_and_works_with_it(machine):
    bring_tools(machine)
    serve = "python3 -m http.server --bind 127.0.0.1 8083"
    machine.shell("ip netns add blue; ip -n blue link set lo up")
    machine.serve("blue", "ip", "netns", "exec", "blue", *serve.split())
    check = 'type = "tcp"\nport = 8083\naddress = "127.0.0.1"\nnetns = "/run/netns/blue"'
    configure(machine, check)
    machine.run("systemctl", "restart", "hlbd")
    until(lambda: "netns: Operation not permitted" in machine.journal(), "it is refused")
    with_drop_in(machine, "netns.conf")
    answered(machine, *BACKENDS)


def test_what_a_program_leaves_running_ends_with_its_cgroup(machine):
    check_by(machine, f"[ -e /tmp/known ] || {{ {DAEMON} }}\ncat /tmp/known\n")
    answered(machine, *BACKENDS)
    assert machine.run("pgrep", "-f", "sleep 4712", check=False).stdout == ""
    listed = machine.shell("ls -d /sys/fs/cgroup/system.slice/hlb-programs.service/*/ || :").stdout
    assert len(listed.split()) <= 4, listed


def test_a_program_that_stops_its_helper_costs_no_backend(machine):
    check_by(machine, "[ ! -e /run/stop ] || kill -STOP $PPID\nexit 0\n")
    answered(machine, *BACKENDS)
    before = main_pid(machine, "hlb-programs")
    machine.shell("touch /run/stop")
    until(lambda: "hlb-programs does not answer" in machine.journal(), "hlbd says so", 20)
    machine.shell("rm /run/stop")
    until(lambda: main_pid(machine, "hlb-programs") not in ("0", before), "another helper", 20)
    until(lambda: machine.state() and addresses(machine) == set(BACKENDS), "all goes on")
    assert "up -> down" not in machine.journal()


def test_without_the_socket_the_states_stay_and_hlbd_goes_on(machine):
    check_by(machine, "exit 0\n")
    answered(machine, *BACKENDS)
    machine.run("systemctl", "stop", "hlb-programs.socket")
    until(lambda: "can't reach hlb-programs" in machine.journal(), "hlbd says so")
    assert addresses(machine) == set(BACKENDS)
    machine.run("systemctl", "start", "hlb-programs.socket")
    machine.run("systemctl", "mask", "--now", "hlb-programs.socket")
    machine.run("systemctl", "restart", "hlbd")
    started = "Started hlbd.service"
    until(lambda: "can't reach" in machine.journal().split(started)[-2], "it starts without")
    assert addresses(machine) == set(BACKENDS)
    machine.run("systemctl", "unmask", "hlb-programs.socket")
    machine.run("systemctl", "start", "hlb-programs.socket")
    answered(machine, *BACKENDS)


def test_a_hostile_program_reaches_nothing_of_hlbds(machine):
    attacks = (
        ": >/run/hlb/table", "rm -f /run/hlb/bus", ": >/var/lib/hlb/state.json",
        "ls /var/lib/hlb", "ls /run/hlb-programs", "kill -STOP $hlbd", "kill -KILL $hlbd",
        "dd if=/proc/$hlbd/mem bs=1 count=0", "hlbctl drain --yes 127.0.0.1",
    )  # fmt: skip
    tried = "".join(f"( {each} ) >/dev/null 2>&1 && echo '{each}: done' && exit 2\n" for each in attacks)
    check_by(machine, f"read -r hlbd </run/hlbd-pid || exit 0\n{tried}echo kept out\n")
    answered(machine, *BACKENDS)
    machine.shell("systemctl show -P MainPID hlbd >/run/hlbd-pid")
    until(lambda: backends(machine).count("kept out") == len(BACKENDS), "all attacks were made")
    answered(machine, *BACKENDS)


def test_pings_need_the_drop_in_and_work_with_it(machine):
    bring_tools(machine)
    configure(machine, 'type = "icmp"')
    machine.run("systemctl", "reload", "hlbd", check=False)
    until(
        lambda: re.search(r"hlbd\.toml:\d+:\d+: .*CAP_NET_RAW", machine.journal()),
        "it says what would allow it",
    )
    refused = machine.run("hlbctl", "check-config", check=False)
    assert refused.returncode == 1 and '"icmp" needs a right that user hlb' in refused.stderr
    with_drop_in(machine, "icmp.conf")
    answered(machine, *BACKENDS)
    machine.run("hlbctl", "check-config")


def test_whoever_asks_on_the_bus_starts_it_unless_it_is_disabled(machine):
    serve_app(machine)
    call = (
        "busctl",
        "call",
        "org.hlb1",
        "/org/hlb1",
        "org.hlb1.Resolver",
        "Resolve",
        "si",
        APP,
        "0",
    )
    machine.run("systemctl", "stop", "hlbd")
    assert "127.0.0." in machine.run(*call).stdout
    machine.run("systemctl", "disable", "--now", "hlbd")
    assert machine.run(*call, check=False).returncode != 0
    assert machine.run("systemctl", "is-active", "hlbd", check=False).stdout != "active\n"


def test_a_confined_program_may_read_what_it_needs(machine):
    """By AppArmor's own parser; the kernels that these tests run on may be without it."""
    machine.file("/srv/profile").write_text(
        "abi <abi/3.0>,\ninclude <tunables/global>\n"
        "/usr/bin/app { include <abstractions/nameservice> }\n"
    )
    rules = machine.run(
        "apparmor_parser", "-Q", "-K", "-D", "rule-exprs", "/srv/profile", check=False
    )
    seen = rules.stdout + rules.stderr
    assert "/hlb/table" in seen
    assert "/hlb/bus" in seen


def test_a_container_uses_the_hlbd_of_its_host(machine):
    """As README.md has it: the folder /run/hlb and the module, bound into the container's files."""
    serve_app(machine)
    machine.shell(
        "cd /srv; mkdir -p guest/run/hlb guest/etc guest/proc guest/dev guest/usr;"
        "for name in bin sbin lib lib64; do cp -P /$name guest/; done;"
        "mount --bind -o ro /usr guest/usr;"
        "printf 'hosts: files hlb dns\\n' >guest/etc/nsswitch.conf;"
        "printf '127.0.0.1 localhost\\n' >guest/etc/hosts;"
        "mount --bind -o ro /run/hlb guest/run/hlb"
    )
    inside = ("chroot", "/srv/guest", "lookup", APP, "--count", "40")
    assert machine.run(*inside).stdout.count("status=OK") > 0
    machine.run("systemctl", "restart", "hlbd")
    machine.run("systemctl", "kill", "-s", "KILL", "backend-127.0.0.1")
    until(
        lambda: "127.0.0.1" not in machine.run(*inside).stdout,
        "the container sees the new hlbd's table",
    )
    assert "status=OK" in machine.run(*inside).stdout
