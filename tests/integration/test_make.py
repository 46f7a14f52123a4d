"""What a newcomer meets: what `make` asks for, what it says is missing, what it installs where."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from world import BUILD, HERE

PROJECT = HERE.parents[1]
SETUP = PROJECT / "tests/setup"
WORLD = PROJECT / "tests/integration/world"

# apt-get that tells what maintainer scripts would see of the policy, enables a unit as they would,
# and installs nothing.
APT_GET = """#!/bin/sh
case "$*" in *build-dep*)
    cat /usr/sbin/policy-rc.d >"$SEEN"
    ln -s /lib/systemd/system/new.timer /etc/systemd/system/
    [ -z "$FAILS" ] || exit 100 ;;
esac
"""
LACKING = """#!/bin/sh
echo 'dpkg-checkbuilddeps: error: Unmet build dependencies: libone-dev libtwo-dev (>= 2)' >&2
exit 1
"""


def run(*command, **options):
    """What it says; its exit status is the caller's to look at."""
    return subprocess.run(
        [str(each) for each in command], text=True, cwd=options.pop("cwd", PROJECT),
        capture_output=True, check=False, timeout=60, **options,
    )  # fmt: skip


def tarball(tmp_path):
    """A copy of the project without git, and without what was built."""
    names = [name for name in run(SETUP / "sources").stdout.split("\0") if name]
    for name in names:
        (tmp_path / "fresh" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, tmp_path / "fresh" / name)
    return tmp_path / "fresh"


def one_line(result):
    """The only line of a refusal."""
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    return line


# ---- what is missing -------------------------------------------------------------------------


@pytest.fixture
def programs(tmp_path):
    """A folder before the others on PATH: name, text → a program."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def add(name, text):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)

    add.env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return add


def test_missing_packages_are_named_with_the_command_that_installs_them(programs):
    programs("dpkg-checkbuilddeps", LACKING)
    assert one_line(run(SETUP / "dependencies", "check", "all", env=programs.env)) == (
        "Packages are missing (libone-dev libtwo-dev (>= 2)). "
        "As root: tests/setup/dependencies install all"
    )


def test_make_says_so_before_it_compiles(programs, tmp_path):
    programs("dpkg-checkbuilddeps", LACKING)
    result = run("make", "-j2", cwd=tarball(tmp_path), env=programs.env)
    assert result.returncode == 2
    assert "Packages are missing (libone-dev" in result.stderr
    assert "compiling" not in result.stdout


def test_a_container_without_the_right_to_make_namespaces_is_told():
    inside = f"echo 0 >/proc/sys/user/max_mnt_namespaces && exec '{WORLD}' --check demo"
    result = run("unshare", "--user", "--map-root-user", "sh", "-c", inside)
    assert "In a container, give it the right to" in one_line(result)


def test_what_is_to_be_downloaded_is_asked_for_first(tmp_path):
    fresh = tarball(tmp_path)
    result = run("unshare", "--net", fresh / "tests/setup/network", "check", cwd=fresh)
    assert "make check downloads Debian packages for its tests" in one_line(result)
    for folder in ("peers", "trees/bookworm/root", "trees/trixie/root"):
        (fresh / "build" / folder).mkdir(parents=True)
    (fresh / "build/peers/.packages").touch()
    result = run("unshare", "--net", fresh / "tests/setup/network", "check", cwd=fresh)
    assert result.returncode == 0, result.stderr


def test_an_ordinary_user_has_a_world_of_his_own():
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    result = run(*nobody, WORLD, "sh", "-c", "id -u && cat /etc/nsswitch.conf")
    assert (result.returncode, result.stdout) == (0, "0\nhosts: files hlb dns\n")


def test_the_demo_of_an_ordinary_user_has_its_dnsmasq():
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    put_up = "import play; play.FOLDER.mkdir(); play.start_dnsmasq()"
    demo = {**os.environ, "PYTHONPATH": str(PROJECT / "tests/demo")}
    result = run(*nobody, WORLD, "/usr/bin/python3", "-B", "-c", put_up, env=demo)
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_unknown_step_is_answered_with_those_there_are():
    result = run("tests/check", env={**os.environ, "STEPS": "model rulez"})
    assert result.returncode == 2
    assert result.stderr.startswith('There is no step "rulez". The steps are: build trees ')


# ---- installing what is missing ---------------------------------------------------------------


def install(programs, tmp_path, **env):
    """Installs by the fake apt-get, with /usr/sbin one's own; what the policy was, and is."""
    programs("dpkg-checkbuilddeps", LACKING)
    programs("apt-get", APT_GET)
    tools = tmp_path / "sbin"
    tools.mkdir()
    script = (
        f"mount --bind /usr/sbin {tools} && mount -t tmpfs none /usr/sbin && "
        f"ln -s {tools}/* /usr/sbin && rm -f /usr/sbin/policy-rc.d && "
        '{ [ -z "$POLICY" ] || echo "$POLICY" >/usr/sbin/policy-rc.d; } && '
        "mount -t tmpfs none /etc/systemd/system && ln -s /dev/null /etc/systemd/system/own.timer; "
        f"'{SETUP}/dependencies' install demo; status=$?; "
        "ls /etc/systemd/system; echo; cat /usr/sbin/policy-rc.d 2>/dev/null || echo none; exit $status"
    )
    seen = tmp_path / "seen"
    env = {**programs.env, "SEEN": str(seen), "POLICY": "", "FAILS": "", **env}
    result = run("unshare", "--mount", "bash", "-c", script, env=env)
    return result, seen.read_text(), result.stdout.splitlines()[-1]


@pytest.mark.parametrize("fails", ["", "yes"])
def test_nothing_that_is_installed_is_started_or_enabled(programs, tmp_path, fails):
    result, policy, last = install(programs, tmp_path, FAILS=fails)
    assert result.returncode == (1 if fails else 0)
    assert policy.endswith("\nexit 101\n")
    assert last == "none"
    assert "own.timer" in result.stdout and "new.timer" not in result.stdout


def test_the_policy_of_the_machine_is_put_back(programs, tmp_path):
    _, policy, last = install(programs, tmp_path, POLICY="# the machine's own")
    assert policy.endswith("\nexit 101\n")
    assert last == "# the machine's own"


def test_progress_is_a_few_lines_where_there_is_no_terminal():
    lines = "".join(f"compiling {number} of 500\n" for number in range(1, 501))
    result = run(SETUP / "progress", input=lines)
    assert result.stdout == "compiling 1 of 500\ncompiling 500 of 500\n"


# ---- installing hlb ----------------------------------------------------------------------------


def make(target, folder, prefix="/usr"):
    result = run("make", target, f"VARIANT={BUILD.name}", f"DESTDIR={folder}", f"PREFIX={prefix}")
    assert result.returncode == 0, result.stderr
    return {path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()}


def test_all_that_is_installed_is_of_the_prefix(tmp_path):
    folder = tmp_path / "a folder"
    files = make("install", folder, "/usr/local")
    assert Path("usr/local/sbin/hlbd") in files
    unit = (folder / "usr/local/lib/systemd/system/hlbd.service").read_text()
    assert "\nExecStart=/usr/local/sbin/hlbd " in unit
    assert Path("etc/dbus-1/system.d/org.hlb1.conf") in files
    assert {path.parts[0] for path in files} == {"usr", "etc"}
    assert all(path.parts[1] == "local" for path in files if path.parts[0] == "usr")


def test_uninstall_leaves_the_configuration_alone(tmp_path):
    folder = tmp_path / "a folder"
    make("install", folder)
    other = folder / "usr/share/doc/other"
    other.mkdir()
    (other / "file").touch()
    assert make("uninstall", folder) == {
        Path("etc/hlb/hlbd.toml"), Path("usr/share/doc/other/file"),
    }  # fmt: skip
    assert not (folder / "usr/share/doc/hlbd").exists()


@pytest.fixture
def host_wide(tmp_path, programs):
    """Runs a target without DESTDIR, on a host whose systemctl tells what it is asked for; `unit` is where that
    has hlbd's unit from."""

    def target(name, unit="$UNIT"):
        prefix = tmp_path / "usr"
        programs("ldconfig", "#!/bin/sh\n")
        programs("systemctl", f"""#!/bin/sh
UNIT={prefix}/lib/systemd/system/hlbd.service
[ "$1" = show ] && echo {unit} || echo "systemctl $*"
""")
        command = ["make", "--no-print-directory", name, f"VARIANT={BUILD.name}", f"PREFIX={prefix}"]
        result = run(*command, env=programs.env)
        assert result.returncode == 0, result.stderr
        return [line for line in result.stdout.splitlines() if not line.startswith(("install ", "removed "))]

    nsswitch = Path("/etc/nsswitch.conf").read_text()
    yield target
    Path("/etc/nsswitch.conf").write_text(nsswitch)
    shutil.rmtree("/etc/hlb", ignore_errors=True)


STOPPED = "systemctl disable --now hlbd.service hlb-programs.socket hlb-connections.socket " \
          "hlb-programs.service hlb-connections.service"  # fmt: skip
LEFT = "left to do: take hlb off the hosts line of /etc/nsswitch.conf"


def test_uninstall_ends_hlbd_and_says_what_is_left_to_do(host_wide):
    host_wide("install")
    said = host_wide("uninstall")
    assert said[0] == STOPPED
    assert said[-1] == LEFT


def test_uninstall_leaves_another_hlbd_running(host_wide):
    host_wide("install")
    Path("/etc/nsswitch.conf").write_text("hosts: files dns\n")
    said = host_wide("uninstall", unit="/etc/systemd/system/hlbd.service")
    assert STOPPED not in said and LEFT not in said


# ---- without git -------------------------------------------------------------------------------


def test_a_tarball_has_the_same_sources_and_rules(tmp_path):
    tracked = run(SETUP / "sources").stdout.split("\0")
    fresh = tarball(tmp_path)
    assert sorted(run(fresh / "tests/setup/sources").stdout.split("\0")) == sorted(tracked)
    assert run(fresh / "tests/rules", cwd=fresh).returncode == 0
    (fresh / "hlbd/health/wrong.h").write_text('#include "probes/probe.h"\n')
    assert "hlbd/health/wrong.h:1:" in run(fresh / "tests/rules", cwd=fresh).stdout
