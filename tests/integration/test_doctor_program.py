"""hlbctl doctor --program: whether a program, or a process, looks names up by hlb at all."""

import os
import shutil
import time
from pathlib import Path

import pytest
from doctor import NAME, RESOLV, WELL, WELL_ELSE, A, compiled, looker, made_by_go
from waiting import until
from world import BUILD, DNS, environment, run

def looked_up(program):
    """What the program gets for a service's name, where DNS knows every name as well."""
    RESOLV.write_text("nameserver 127.0.0.53\n")
    return run(program, NAME).stdout.strip()


def also_by(program, well=WELL):
    return [f"{well[0]}, also by {program}"]


def test_a_program_of_glibcs(machine, folder):
    program = looker(folder)
    assert machine.doctor("--program", program) == also_by(program)
    assert looked_up(program) == A


def test_a_program_by_its_name_and_a_script_by_its_interpreter(machine, folder):
    script = folder / "script"
    script.write_text("#!/usr/bin/env python3\n")
    python, path = "/usr/bin/python3", "/usr/bin:/bin"
    assert machine.doctor("--program", "python3", PATH=path) == also_by(python)
    by_python = also_by(f"{script}, by {python}")
    assert machine.doctor("--program", script, PATH=path) == by_python


@pytest.mark.parametrize("options", [("-static",), ("-static-pie",)], ids=["static", "static-pie"])
def test_a_static_program_of_glibcs_works_while_its_release_is_installed(machine, folder, options):
    program = looker(folder, *options)
    assert machine.doctor("--program", program) == [
        f"note: program: {program} is statically linked with glibc. It asks hlb only while the "
        "glibc installed is the release it was built with. Link it dynamically.",
        *also_by(program, WELL_ELSE),
    ]
    assert looked_up(program) == A


def test_a_program_of_musls(machine, folder):
    program = looker(folder, compiler="musl-gcc")
    assert machine.doctor("--program", program) == [
        f"program: {program} isn't linked with glibc but with /lib/ld-musl-x86_64.so.1. Another C "
        "library has no name service switch: it asks DNS, never hlb. Use a build for glibc."
    ]
    assert looked_up(program) in DNS


def test_a_static_program_of_musls(machine, folder):
    program = looker(folder, "-static", compiler="musl-gcc")
    assert machine.doctor("--program", program) == [
        f"program: {program} is statically linked, without glibc's name service switch. It doesn't "
        "ask hlb. Link it dynamically, with glibc."
    ]
    assert looked_up(program) in DNS


@pytest.mark.parametrize("options", [(), ("-static",)], ids=["dynamic", "static"])
def test_a_go_program_without_cgo(machine, folder, options):
    program = made_by_go(compiled(folder, "go", "int main(void) { return 0; }", *options))
    assert machine.doctor("--program", program) == [
        f"program: {program} is a Go program without cgo. Go's own resolver reads /etc/hosts and "
        "asks DNS, never hlb. Build it with CGO_ENABLED=1."
    ]


def running(stage, program, **variables):
    """The process of a program that has looked a service up, and goes on running."""
    return stage.program(program, NAME, "stay", env=environment(**variables), ready=r"\d").pid


def test_a_go_program_with_cgo_unless_its_environment_says_otherwise(machine, stage, folder):
    program = made_by_go(looker(folder))
    assert machine.doctor("--program", program) == also_by(program)
    pid = running(stage, program, GODEBUG="gctrace=0,netdns=go+1")
    assert machine.doctor("--program", pid) == [
        f"program: {program} (process {pid}) has GODEBUG=netdns=go. Go's own resolver reads "
        "/etc/hosts and asks DNS, never hlb. Start it with GODEBUG=netdns=cgo, or without GODEBUG.",
        f"note: lookup: by DNS, as process {pid} asks it, also.test has no address, app.test has no "
        "address, web.test has no address. It gets that, whatever hlb says. What to do stands above.",
    ]


def test_a_program_with_c_ares_is_a_note(machine, folder):
    library = compiled(folder, "libinner.so", "void inner(void) {}", "-shared", "-fPIC",
                       "-Wl,--no-as-needed", "-lcares")  # fmt: skip
    program = looker(folder, "-Wl,--no-as-needed", library, "-Wl,-rpath,$ORIGIN")
    assert machine.doctor("--program", program) == [
        f"note: program: {program} contains c-ares, which asks DNS itself. What it looks up by "
        "that isn't answered by hlb; what it looks up by getaddrinfo is (in Node.js dns.lookup, "
        "not dns.resolve). Have it use the system's resolver.",
        *also_by(program, WELL_ELSE),
    ]


def test_a_program_that_looks_nothing_up_is_a_note(machine, folder):
    program = compiled(folder, "still", "int main(void) { return 0; }")
    assert machine.doctor("--program", program) == [
        f"note: program: {program} doesn't call getaddrinfo, as far as its libraries tell. Unless "
        "it loads code that does, it looks up no name by hlb. Trace it: ltrace, gdb.",
        *also_by(program, WELL_ELSE),
    ]


def test_a_set_user_id_program_ignores_the_environment(machine, folder):
    program = looker(folder)
    program.chmod(0o4755)
    assert machine.doctor("--program", program) == [
        f"program: {program} is set-user-ID, and ignores LD_LIBRARY_PATH. What was found here by "
        "that variable isn't found by it. Install the module in its place."
    ]


# ---- programs that keep addresses ------------------------------------------------------------


@pytest.mark.parametrize("settings, kept", [
    ("#networkaddress.cache.ttl=-1\n", "for 30 s"),
    ("networkaddress.cache.ttl = 5\n", "for 5 s"),
    ("networkaddress.cache.ttl=-1\n", "for as long as it runs"),
    ("networkaddress.cache.ttl=0\n", None),
])  # fmt: skip
@pytest.mark.parametrize("place", ["conf/security", "jre/lib/security"])
def test_java_by_its_settings(machine, folder, settings, kept, place):
    (folder / "bin").mkdir()
    (folder / place).mkdir(parents=True)
    (folder / place / "java.security").write_text(settings)
    java = looker(folder / "bin", name="java")
    link = folder / "runs-java"
    link.symlink_to(java)
    assert machine.doctor("--program", link) == (also_by(link) if kept is None else [
        f"program: {link} keeps addresses {kept}. Java goes on using a backend that hlb no longer "
        f"answers. Write into {folder}/{place}/java.security: networkaddress.cache.ttl=0"
    ])  # fmt: skip


def test_nginx_looks_names_up_once(machine):
    assert machine.doctor("--program", "nginx") == [
        "program: /usr/sbin/nginx looks names up only when it reads its configuration. A backend "
        "that dies is used until nginx reads its configuration again. "
        'Have hlbd tell it: on_change = ["nginx", "-s", "reload"]'
    ]


def test_haproxy_looks_names_up_once(machine):
    haproxy = "/usr/sbin/haproxy"
    assert machine.doctor("--program", haproxy)[-1] == (
        f"program: {haproxy} looks names up only when it reads its configuration. A backend "
        "that dies is used until HAProxy is reloaded. "
        'Have hlbd tell it: on_change = ["systemctl", "reload", "haproxy"]'
    )


# ---- processes -------------------------------------------------------------------------------


def test_a_process_that_has_the_module(machine, stage, folder):
    program = looker(folder)
    pid = running(stage, program)
    assert machine.doctor("--program", pid) == also_by(f"{program} (process {pid})")


def test_a_process_with_the_module_of_before_an_upgrade(machine, stage, folder):
    module = folder / "libnss_hlb.so.2"
    shutil.copy(BUILD / module.name, module)
    pid = running(stage, looker(folder), LD_LIBRARY_PATH=str(folder))
    shutil.copy(BUILD / module.name, folder / "new")
    os.rename(folder / "new", module)
    assert machine.doctor("--program", pid, LD_LIBRARY_PATH=str(folder)) == [
        f"program: process {pid} has an older libnss_hlb.so.2, now deleted. It goes on as that "
        "release did. Restart it."
    ]


def test_a_process_older_than_the_module_is_a_note(machine, stage, folder):
    program = looker(folder)
    pid = stage.program(program, "127.0.0.1", "stay", env=environment(), ready=r"\d").pid
    module = folder / "libnss_hlb.so.2"
    shutil.copy(BUILD / module.name, module)
    # /proc tells a process's start to the second.
    until(lambda: (module.touch(), time.time() - Path(f"/proc/{pid}").stat().st_ctime > 2)[1],
          "a module two seconds younger")  # fmt: skip
    assert machine.doctor("--program", pid, LD_LIBRARY_PATH=str(folder)) == [
        f"note: program: process {pid} is older than the module, and hasn't loaded it. A process "
        "that once looked for it in vain never looks again. Restart it.",
        *also_by(f"{program} (process {pid})", WELL_ELSE),
    ]


def not_found(pid):
    """What a lookup in that process comes to, made there."""
    return (
        f"lookup: in process {pid} also.test isn't found; the same with 2 other names. By hlb it is "
        f"{A}. See for yourself: nsenter --all --target {pid} getent ahosts also.test"
    )


def in_other_mounts(stage, folder, mounts):
    """The process of a program that these mounts, of its own, surround."""
    program = looker(folder)
    script = f"{mounts}; exec {program} {NAME} stay"
    command = ("unshare", "--mount", "--propagation=private", "sh", "-c", script)
    return stage.program(*command, env=environment(), ready=r"\w").pid


def test_a_process_that_does_not_see_the_table(machine, stage, folder):
    pid = in_other_mounts(stage, folder, "mount -t tmpfs tmpfs /run/hlb")
    assert machine.doctor("--program", pid) == [
        f"program: /run/hlb/table isn't hlbd's in the root folder of process {pid}. It doesn't see "
        "what hlbd publishes. Mount /run/hlb there, read-only.",
        not_found(pid),
    ]


def test_a_process_with_another_nsswitch_conf(machine, stage, folder):
    (folder / "other").write_text("hosts: dns files\n")
    pid = in_other_mounts(stage, folder, f"mount --bind {folder}/other /etc/nsswitch.conf")
    assert machine.doctor("--program", pid) == [
        f"nsswitch: in the root folder of process {pid}: no hlb on the hosts line "
        "(/etc/nsswitch.conf:1). No program asks hlb. Write: hosts: hlb dns files",
        not_found(pid),
    ]


def test_a_process_in_a_container_without_any_of_it(machine, stage, folder):
    program = looker(folder, "-static")
    root = folder / "root"
    (root / "etc").mkdir(parents=True)
    shutil.copy(program, root / "looker")
    pid = stage.program("chroot", root, "/looker", "127.0.0.1", "stay", ready=r"\d").pid
    assert machine.doctor("--program", pid) == machine.worst_first([
        f"note: program: {root}/looker (process {pid}) is statically linked with glibc. It asks hlb only "
        "while the glibc installed is the release it was built with. Link it dynamically.",
        f"nsswitch: in the root folder of process {pid}: /etc/nsswitch.conf: No such file or "
        "directory. glibc then asks dns, and never hlb. Write into it: hosts: files hlb dns",
        f"program: no libnss_hlb.so.2 in the root folder of process {pid}. Its lookups don't reach "
        "hlb. Install libnss-hlb there.",
        f"program: /run/hlb/table isn't hlbd's in the root folder of process {pid}. It doesn't see "
        "what hlbd publishes. Mount /run/hlb there, read-only.",
    ])


# ---- what can't be looked at -----------------------------------------------------------------


@pytest.mark.parametrize("given, said", [
    ("no-such-program", 'no program "no-such-program" in $PATH'),
    ("/no/such/program", "/no/such/program: No such file or directory"),
    ("/etc/hosts", "/etc/hosts is no program"),
    (str(BUILD / "libnss_hlb.so.2"), f"{BUILD}/libnss_hlb.so.2 is no program"),
    ("4194304", "there is no process 4194304"),
])  # fmt: skip
def test_a_program_that_can_not_be_looked_at_is_an_error(machine, given, said):
    result = machine.run("--program", given)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"hlbctl: {said}\n")
