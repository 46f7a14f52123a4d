"""What hlbd's unit lets it do, and what the programs that it runs."""

import re

from waiting import until
from service import APP, BACKENDS, addresses, answered, bring_tools, serve_app, start_backend

EXAMPLES = "/usr/share/doc/hlbd/examples"
DROP_INS = "/etc/systemd/system/hlbd.service.d"


def configure(machine, check, daemon=""):
    config = machine.file("/etc/hlb/hlbd.toml")
    config.write_text(
        f'[daemon]\n{daemon}\n[[service]]\nname = "{APP}"\nbackends = ["127.0.0.1", "127.0.0.2"]\n'
        f"[[service.check]]\n{check}\n"
    )


def script(machine, path, text):
    machine.file(path).write_text("#!/bin/sh\n" + text)
    machine.file(path).chmod(0o755)


def with_drop_in(machine, name):
    machine.shell(
        f"mkdir -p {DROP_INS}; cp {EXAMPLES}/{name} {DROP_INS}/;"
        "systemctl daemon-reload; systemctl restart hlbd"
    )


def test_it_is_tight(machine):
    level = machine.run("systemd-analyze", "security", "hlbd").stdout.splitlines()[-1]
    exposure = float(re.search(r"level for hlbd\.service: ([0-9.]+)", level).group(1))
    assert exposure <= 2.0, level
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
    until(lambda: "exit code 3: hlb" in machine.journal(), "the log says how it ended, and as whom")


def test_programs_that_compile_need_the_drop_in_and_work_with_it(machine):
    bring_tools(machine)
    # What a just-in-time compiler does.
    compiles = "python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=7)'"  # read, write, execute
    refused = 'echo "$why" | tail -n 1; exit 2'
    script(machine, "/usr/local/bin/check", f"why=$({compiles} 2>&1) || {{ {refused}; }}\n")
    configure(machine, 'type = "exec"\ninterval = "1s"\ncommand = ["/usr/local/bin/check"]')
    machine.run("systemctl", "restart", "hlbd")
    listing = [*"busctl call org.hlb1 /org/hlb1 org.hlb1.Manager ListBackends s".split(), ""]
    until(lambda: "PermissionError" in machine.run(*listing).stdout, "the check is refused")
    assert addresses(machine) == set()
    machine.shell("mkdir -p /var/lib/on-change")
    with_drop_in(machine, "programs.conf")
    answered(machine, *BACKENDS)


def test_pings_need_the_drop_in_and_work_with_it(machine):
    bring_tools(machine)
    configure(machine, 'type = "icmp"')
    machine.run("systemctl", "reload", "hlbd", check=False)
    until(
        lambda: re.search(r"hlbd\.toml:\d+:\d+: .*CAP_NET_RAW", machine.journal()),
        "it says what would allow it",
    )
    with_drop_in(machine, "icmp.conf")
    answered(machine, *BACKENDS)


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
