"""What installing does to every kind of nsswitch.conf, and that removing it undoes that exactly."""

import pytest
from machine import packages

HEAD = "# by hand \t\npasswd:\tfiles   \n"
PUT = {
    "as Debian has it": ("hosts:          files dns", "hosts:          files hlb dns"),
    "by tabs": ("hosts:\tfiles\tdns\t", "hosts:\tfiles hlb dns\t"),
    "with a comment": ("hosts: files dns # hlb", "hosts: files hlb dns # hlb"),
    "with others": (
        "hosts: files mdns4_minimal [NOTFOUND=return] dns myhostname",
        "hosts: files hlb mdns4_minimal [NOTFOUND=return] dns myhostname",
    ),
    "files alone": ("hosts: files", "hosts: files hlb"),
    "no files": (
        "hosts: resolve [!UNAVAIL=return] dns",
        "hosts: hlb resolve [!UNAVAIL=return] dns",
    ),
    "files may end it": (
        "hosts: files [NOTFOUND=return] dns",
        "hosts: hlb files [NOTFOUND=return] dns",
    ),
    "files not first": (
        "hosts: resolve [!UNAVAIL=return] files dns",
        "hosts: hlb resolve [!UNAVAIL=return] files dns",
    ),
    "no blank": ("hosts:files dns", "hosts: hlb files dns"),
}


def write(machine, text):
    machine.file("/etc/nsswitch.conf").write_text(text)


def read(machine):
    return machine.file("/etc/nsswitch.conf").read_text()


def hosts_line(machine):
    return [line for line in read(machine).splitlines() if line.startswith("hosts:")]


def dpkg(machine, *words, check=True):
    """What it says on standard error, beside the output of dpkg itself."""
    done = machine.run("dpkg", *words, check=check)
    return [line for line in done.stderr.splitlines() if line.startswith("libnss-hlb:")]


def install(machine, check=True):
    return dpkg(machine, "-i", *packages(machine.release, "libnss-hlb"), check=check)


def assert_nothing_is_left(machine):
    left = machine.shell(
        "find /etc /var/lib -name '*nsswitch.conf*' ! -path '/var/lib/dpkg/*';"
        "find / -xdev -name '*nss?hlb*'"
    )
    assert left.stdout.split() == ["/etc/nsswitch.conf"]


def test_every_line_gets_hlb_where_it_belongs_and_is_restored(fresh):
    for what, (before, expected) in PUT.items():
        for removal in ("--remove", "--purge"):
            write(fresh, HEAD + before + "\n")
            said = install(fresh)
            assert hosts_line(fresh)[0].split() == expected.split(), what
            assert said == [f"libnss-hlb: /etc/nsswitch.conf now says: {hosts_line(fresh)[0]}"]
            assert "files" not in before or fresh.run("getent", "hosts", "localhost").stdout
            dpkg(fresh, removal, "libnss-hlb")
            assert read(fresh) == HEAD + before + "\n", what
    dpkg(fresh, "--purge", "libnss-hlb")
    assert_nothing_is_left(fresh)


def test_hlb_that_is_there_already_stays_where_it_is(fresh):
    write(fresh, "hosts: hlb files dns\n")
    assert install(fresh) == []
    assert read(fresh) == "hosts: hlb files dns\n"


def test_what_the_administrator_removed_stays_away(fresh):
    install(fresh)
    write(fresh, "hosts: files dns\n")
    assert install(fresh) == []  # once more, as an upgrade does
    assert read(fresh) == "hosts: files dns\n"


def test_what_the_administrator_made_of_it_stays(fresh):
    install(fresh)
    write(fresh, "hosts: files myhostname hlb dns\npasswd: files\n")
    install(fresh)
    assert read(fresh) == "hosts: files myhostname hlb dns\npasswd: files\n"
    dpkg(fresh, "--remove", "libnss-hlb")
    assert read(fresh) == "hosts: files myhostname dns\npasswd: files\n"


def test_where_there_is_no_file_none_is_made(fresh):
    fresh.file("/etc/nsswitch.conf").unlink()
    (said,) = install(fresh)
    assert "to use hlb, make its hosts line: hosts: files hlb dns" in said
    assert not fresh.file("/etc/nsswitch.conf").exists()
    dpkg(fresh, "--purge", "libnss-hlb")


def test_where_there_is_no_hosts_line_it_says_what_to_add(fresh):
    write(fresh, "passwd: files\n")
    (said,) = install(fresh)
    assert (
        said
        == "libnss-hlb: /etc/nsswitch.conf has no hosts line; to use hlb, add: hosts: files hlb dns"
    )
    assert read(fresh) == "passwd: files\n"


def test_a_link_is_left_alone(fresh):
    fresh.shell("mv /etc/nsswitch.conf /etc/ours.conf; ln -s ours.conf /etc/nsswitch.conf")
    (said,) = install(fresh)
    assert "can't edit /etc/nsswitch.conf" in said
    dpkg(fresh, "--purge", "libnss-hlb")
    assert fresh.run("readlink", "/etc/nsswitch.conf").stdout == "ours.conf\n"


# The module alone: hlbd has a configuration in /etc, without which dpkg itself stops.
def test_etc_that_cannot_be_written_is_left_alone(fresh):
    fresh.shell("mount --bind /etc /etc; mount -o remount,bind,ro /etc")
    before = read(fresh)
    (said,) = install(fresh, check=False)
    assert "can't edit /etc/nsswitch.conf" in said
    assert read(fresh) == before
    fresh.run("getent", "passwd", "root")


def test_an_edit_that_breaks_lookups_is_undone(fresh):
    # A source that lets lookups work only as long as hlb isn't there.
    write(fresh, "passwd: files\nhosts: files dns\n")
    getent = fresh.file("/usr/bin/getent")
    getent.rename(fresh.file("/usr/bin/getent.real"))
    getent.write_text(
        '#!/bin/sh\ngrep -q hlb /etc/nsswitch.conf && exit 2\nexec getent.real "$@"\n'
    )
    getent.chmod(0o755)
    (said,) = install(fresh)
    assert "lookups failed: the line is as it was before" in said
    assert read(fresh) == "passwd: files\nhosts: files dns\n"


@pytest.mark.parametrize("order", [("hlbd", "libnss-hlb"), ("libnss-hlb", "hlbd")])
@pytest.mark.parametrize("how", ["--remove", "--purge"])
def test_removal_in_any_order_restores_the_line(machine, how, order):
    assert hosts_line(machine)[0].split() == ["hosts:", "files", "hlb", "dns"]
    for package in order:
        machine.run("dpkg", how, package)
        machine.run("getent", "hosts", "localhost")
    assert hosts_line(machine)[0] == "hosts:          files dns"
