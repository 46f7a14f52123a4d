"""hlbctl doctor on kinds of programs and containers: what it says, and what each really gets."""

import contextlib
import shutil
import time
from pathlib import Path

import pytest
from doctor import NAME, RESOLV, A, compiled, looker, made_by_go
from programs import as_user
from waiting import until
from world import BUILD, DNS, DNS_IPV4, DNS_IPV6, config, environment, run, service

B = "127.0.0.12"
HLBS = {A, B}

IN_DNS = (
    f"note: dns: DNS says that {NAME} is {DNS_IPV4}. Who doesn't ask hlb gets that. "
    "Remove the name from DNS, if you can."
)
NO_MODULE = "Its lookups don't reach hlb. Install libnss-hlb there."

# A module as of a release that doesn't know of network namespaces: both addresses, in one order.
OLD_MODULE = """\
#include <arpa/inet.h>
#include <netdb.h>
#include <nss.h>
#include <string.h>
enum nss_status _nss_hlb_gethostbyname4_r(const char* name, struct gaih_addrtuple** found, char* buffer,
                                          size_t size, int* error, int* h_error, int32_t* ttl) {
  static struct gaih_addrtuple both[2];
  static char kept[64];
  strncpy(kept, name, 63);
  for (int i = 0; i < 2; ++i) {
    both[i].name = kept;
    both[i].family = AF_INET;
    both[i].addr[0] = htonl(0x7f00000bU + i);
  }
  both[0].next = &both[1];
  if (*found) **found = both[0]; else *found = both;
  return NSS_STATUS_SUCCESS;
}
"""


class Scene:
    """A machine with a service of two backends, where DNS knows every name as well."""

    def __init__(self, machine, stage, folder):
        self.machine, self.stage, self.folder = machine, stage, folder
        stage.backend(B)
        machine.hlbd.reload(config(service(NAME, [A, B])))
        until(lambda: B in run("getent", "ahosts", NAME).stdout, f"{B} in an answer")
        RESOLV.write_text("nameserver 127.0.0.53\n")

    def start(self, *command, **variables):
        """A looker's process, told by its number, and what it has got."""
        program = self.stage.program(*command, env=environment(**variables), ready=r"\w\n")
        pid = program.pid
        if "--fork" in command:
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
        return pid, program.log().split()[0]

    def runs(self, program, **variables):
        return self.start(program, NAME, "stay", **variables)

    def well(self, pid, program):
        return [IN_DNS, f"nothing else found: hlb answers lookups of {NAME}, also by {program} (process {pid})"]

    def container(self, *without, options=(), name="looker", before="true", program=None):
        """A looker in a root folder of its own, which lacks some of what it could have."""
        program, root = program or looker(self.folder), self.folder / "root"
        root.mkdir()
        lines = ["set -e", f"mount -t tmpfs tmpfs {root}", f"cd {root}",
                 f"mkdir -p etc usr run/hlb proc .{BUILD}", "ln -s usr/lib usr/lib64 usr/bin .",
                 f"cp /etc/hosts /etc/nsswitch.conf /etc/resolv.conf etc; cp {program} {name}"]  # fmt: skip
        if "getent" in without:
            lines += [f"mkdir usr/{each}; mount --rbind /usr/{each} usr/{each}" for each in ("lib", "lib64")]
        else:
            lines += ["mount --rbind /usr usr"]
        if "module" not in without:
            lines += [f"mount --bind {BUILD} .{BUILD}"]
        if "table" not in without:
            lines += ["mount --bind /run/hlb run/hlb"]
        proc = "-t proc proc" if "--pid" in options else "--rbind /proc"
        lines += [f"mount {proc} proc", before, f"exec chroot {root} /{name} {NAME} stay"]
        script = self.folder / "container"
        script.write_text("\n".join(lines))
        return self.start("unshare", "--mount", "--propagation=private", *options, "sh", script)

    @property
    def inside(self):
        """The container's program, as the kernel tells it where there is a chroot."""
        return self.folder / "root/looker"

    def got(self, pid, what="isn't found"):
        return (
            f"lookup: in process {pid} {NAME} {what}. By hlb it is {A}, {B}. "
            f"See for yourself: nsenter --all --target {pid} getent ahosts {NAME}"
        )

    def leaks(self, pid):
        """A lookup there is answered by DNS."""
        return self.got(pid, f"is {DNS_IPV4}, which is no backend of its, but DNS's answer")

    def by_dns(self, pid):
        return (
            f"note: lookup: by DNS, as process {pid} asks it, {NAME} is {DNS_IPV4}. "
            "It gets that, whatever hlb says. What to do stands above."
        )


KINDS = {}


def kind(name):
    def add(function):
        KINDS[name] = function
        return function

    return add


# Each function makes one, and gives what doctor is asked about, the lines that it prints, and which
# addresses the program itself has got, of which one is to be in a set; None: it wasn't run.


@kind("a program of glibc's")
def plain(scene):
    program = looker(scene.folder)
    pid, got = scene.runs(program)
    return pid, scene.well(pid, program), got, HLBS


@kind("a program with a loader in another place, as of Nix")
def other_loader(scene):
    loader = scene.folder / "ld-linux-x86-64.so.2"
    shutil.copy("/lib64/ld-linux-x86-64.so.2", loader)
    program = looker(scene.folder, f"-Wl,--dynamic-linker={loader}")
    pid, got = scene.runs(program)
    return pid, scene.well(pid, program), got, HLBS


@kind("a container with all that it needs")
def whole_container(scene):
    pid, got = scene.container()
    return pid, scene.well(pid, scene.inside), got, HLBS


@kind("a container without getent")
def no_getent(scene):
    pid, got = scene.container("getent")
    return pid, scene.well(pid, scene.inside), got, HLBS


@kind("a rootless container")
def rootless(scene):
    pid, got = scene.container(options=("--user", "--map-root-user"))
    return pid, scene.well(pid, scene.inside), got, HLBS


@kind("a container in another network namespace")
def other_network(scene):
    pid, got = scene.container(options=("--net", "--pid", "--fork", "--kill-child"))
    alone = (
        f"note: lookup: process {pid} is in another network namespace than hlbd, and gets one address "
        "at a time. How glibc sorts several isn't known there, so each answer is a pick by weight, "
        "without a second address to try. Where that matters, give the container the host's network."
    )
    well = scene.well(pid, scene.inside)
    return pid, [well[0], alone, well[1]], got, HLBS


@kind("a container in another network namespace, where balance is gone")
def unbalanced(scene):
    compiled(scene.folder, "libnss_hlb.so.2", OLD_MODULE, "-shared", "-fPIC", "-w")
    pid, got = scene.container("module", options=("--net",), before=f"cp {scene.folder}/libnss_hlb.so.2 .{BUILD}")
    gone = (
        f"lookup: in process {pid} {NAME} is {A} first, 31 times of 31. In its network namespace, which "
        "isn't hlbd's, glibc's sort decides, and that backend gets all. Install libnss-hlb of hlbd's "
        'release there, or set answer = "one".'
    )
    assert got == "nothing"  # as it asks for IPv4 alone, by a function that this module hasn't
    return pid, [IN_DNS, gone], None, None


@kind("a container with a glibc too old for the module")
def old_glibc(scene):
    versions = scene.folder / "versions"
    versions.write_text("GLIBC_2.99 { global: late; };\n")
    compiled(scene.folder, "libc.so.6", "void late(void) {}", "-shared", "-fPIC", "-nostdlib",
             "-Wl,-soname,libc.so.6", f"-Wl,--version-script={versions}")  # fmt: skip
    source = "void late(void); void _nss_hlb_gethostbyname4_r(void) { late(); }"
    compiled(scene.folder, "libnss_hlb.so.2", source, "-shared", "-fPIC", "-nostdlib", scene.folder / "libc.so.6")
    ours = run("sh", "-c", "ldd --version | sed -n '1s/.* //p'").stdout.strip()
    pid, got = scene.container("module", before=f"cp {scene.folder}/libnss_hlb.so.2 .{BUILD}")
    needs = (
        f"program: {BUILD}/libnss_hlb.so.2 needs GLIBC_2.99, and the glibc of process {pid} ends at "
        f"GLIBC_{ours}. It can't load the module, and its lookups don't reach hlb. Install there the "
        "libnss_hlb.so.2 of hlb's package, which needs GLIBC_2.28."
    )
    return pid, [IN_DNS, needs, scene.leaks(pid)], got, DNS


@kind("a container without the module")
def no_module(scene):
    pid, got = scene.container("module")
    missing = f"program: no libnss_hlb.so.2 in the root folder of process {pid}. {NO_MODULE}"
    return pid, [IN_DNS, missing, scene.leaks(pid)], got, DNS


@kind("a container without the table")
def no_table(scene):
    pid, got = scene.container("table")
    missing = (
        f"program: /run/hlb/table isn't hlbd's in the root folder of process {pid}. "
        "It doesn't see what hlbd publishes. Mount /run/hlb there, read-only."
    )
    return pid, [IN_DNS, missing, scene.leaks(pid)], got, DNS


@kind("a container with another order of sources")
def other_order(scene):
    pid, got = scene.container(before="echo hosts: files dns >etc/nsswitch.conf")
    no_hlb = (
        f"nsswitch: in the root folder of process {pid}: no hlb on the hosts line "
        "(/etc/nsswitch.conf:1). No program asks hlb. Write: hosts: files hlb dns"
    )
    return pid, [IN_DNS, no_hlb, scene.leaks(pid)], got, DNS


@kind("a container with systemd-resolved before hlb")
def resolved_first(scene):
    pid, got = scene.container(before="echo 'hosts: files resolve [!UNAVAIL=return] hlb dns' >etc/nsswitch.conf")
    behind = (
        f"nsswitch: in the root folder of process {pid}: hlb stands behind resolve [!UNAVAIL=return] on "
        "the hosts line (/etc/nsswitch.conf:1). The search can end there, and hlb isn't asked. "
        "Write: hosts: files hlb resolve [!UNAVAIL=return] dns"
    )
    return pid, [IN_DNS, behind], got, HLBS  # as long as resolved doesn't run


@kind("a container with a search domain")
def search_domain(scene):
    pid, got = scene.container(before="echo search else.test test >>etc/resolv.conf")
    assert scene.machine.doctor("app", "--program", pid)[-1].startswith('search: "app" isn\'t app.test to hlb.')
    return pid, scene.well(pid, scene.inside), got, HLBS


@kind("a container with the name in /etc/hosts")
def other_hosts(scene):
    pid, got = scene.container(before=f"echo 127.0.0.77 {NAME} >>etc/hosts")
    says = (
        f"hosts: in the root folder of process {pid}: /etc/hosts:3 says that {NAME} is 127.0.0.77. "
        "It is asked before hlb, and so hlb isn't. Remove the name from that line."
    )
    return pid, [says, IN_DNS, scene.got(pid, "is 127.0.0.77, which is no backend of its")], got, {"127.0.0.77"}


@kind("a process whose namespaces may not be entered")
def not_permitted(scene):
    program = looker(scene.folder)
    user = " ".join(as_user("nobody"))
    command = f"mount --bind /run/hlb /run/hlb; exec {user} {program} {NAME} stay"
    pid, got = scene.start("unshare", "--mount", "--propagation=private", "sh", "-c", command)
    scene.machine.prefix = as_user("nobody")
    untried = (
        f"note: lookup: no lookup was made in process {pid}: can't enter its namespaces: Operation not "
        "permitted. What it gets is judged by its files alone. Try as root."
    )
    well = scene.well(pid, program)
    return pid, [well[0], untried, well[1]], got, HLBS


@kind("a program of musl's")
def of_musl(scene):
    program = looker(scene.folder, compiler="musl-gcc")
    pid, got = scene.runs(program)
    musl = (
        f"program: {program} (process {pid}) isn't linked with glibc but with /lib/ld-musl-x86_64.so.1. "
        "Another C library has no name service switch: it asks DNS, never hlb. Use a build for glibc."
    )
    return pid, [IN_DNS, musl, scene.by_dns(pid)], got, DNS


@kind("a static program of musl's")
def static_musl(scene):
    program = looker(scene.folder, "-static", compiler="musl-gcc")
    pid, got = scene.runs(program)
    static = (
        f"program: {program} (process {pid}) is statically linked, without glibc's name service switch. "
        "It doesn't ask hlb. Link it dynamically, with glibc."
    )
    return pid, [IN_DNS, static, scene.by_dns(pid)], got, DNS


@kind("a static program of glibc's")
def static_glibc(scene):
    program = looker(scene.folder, "-static")
    pid, got = scene.runs(program)
    static = (
        f"note: program: {program} (process {pid}) is statically linked with glibc. It asks hlb only "
        "while the glibc installed is the release it was built with. Link it dynamically."
    )
    well = scene.well(pid, program)
    return pid, [well[0], static, well[1]], got, HLBS


@kind("a Go program without cgo")
def go(scene):
    program = made_by_go(looker(scene.folder, "-static", compiler="musl-gcc", name="go"))
    pid, got = scene.runs(program)
    without = (
        f"program: {program} (process {pid}) is a Go program without cgo. Go's own resolver reads "
        "/etc/hosts and asks DNS, never hlb. Build it with CGO_ENABLED=1."
    )
    return pid, [IN_DNS, without, scene.by_dns(pid)], got, DNS


def with_library(scene, library, name):
    """A looker that needs a library of this name, which does nothing."""
    compiled(scene.folder, library, "void inner(void) {}", "-shared", "-fPIC", f"-Wl,-soname,{library}")
    return looker(scene.folder, "-Wl,--no-as-needed", scene.folder / library, "-Wl,-rpath,$ORIGIN", name=name)


def noted(scene, program, text):
    pid, got = scene.runs(program)
    well = scene.well(pid, program)
    return pid, [well[0], f"note: program: {program} (process {pid}) {text}", well[1]], got, HLBS


@kind("a program with c-ares, as Node")
def c_ares(scene):
    return noted(scene, with_library(scene, "libcares.so.2", "node"), (
        "contains c-ares, which asks DNS itself. What it looks up by that isn't answered by hlb; what it "
        "looks up by getaddrinfo is (in Node.js dns.lookup, not dns.resolve). Have it use the system's "
        "resolver."
    ))  # fmt: skip


@kind("a program with libcurl, as PHP")
def libcurl(scene):
    return noted(scene, with_library(scene, "libcurl.so.4", "php-fpm"), (
        "uses libcurl, whose handles keep addresses for 60 s. A handle that is used again goes on with "
        "a backend that hlb no longer answers. Set CURLOPT_DNS_CACHE_TIMEOUT to 0, or make a new handle "
        "for each request."
    ))  # fmt: skip


@kind("squid")
def squid(scene):
    program = looker(scene.folder, name="squid")
    pid, _ = scene.runs(program)
    itself = (
        f"program: {program} (process {pid}) asks DNS itself. It reads /etc/hosts and /etc/resolv.conf, "
        "and never asks hlb. Give it addresses in place of names."
    )
    return pid, [IN_DNS, itself, scene.by_dns(pid)], None, None


RELOAD = "looks names up only when it reads its configuration. A backend that dies is used until"


@kind("nginx with a resolver")
def nginx(scene):
    settings = scene.folder / "nginx.conf"
    settings.write_text("http {\n  resolver_timeout 1s;\n  resolver 127.0.0.53;\n}\n")
    program = looker(scene.folder, name="nginx")
    pid, _ = scene.start(program, NAME, "stay", "-c", settings)
    name = f"program: {program} (process {pid})"
    return pid, [
        IN_DNS,
        f"{name} {RELOAD} nginx reads its configuration again. "
        'Have hlbd tell it: on_change = ["nginx", "-s", "reload"]',
        f"{name} has a resolver of its own ({settings}:3). Names in variables, as in proxy_pass "
        "http://$name, it looks up by DNS, never by hlb. Write the name itself, and reload nginx by on_change.",
    ], None, None  # fmt: skip


@kind("HAProxy with resolvers")
def haproxy(scene):
    settings = scene.folder / "haproxy.cfg"
    settings.write_text("resolvers mine\n  nameserver a 127.0.0.53:53\nbackend b\n"
                        f"  server a {NAME}:80 resolvers mine # DNS\n")  # fmt: skip
    program = looker(scene.folder, name="haproxy")
    pid, _ = scene.start(program, NAME, "stay", "-f", settings)
    name = f"program: {program} (process {pid})"
    return pid, [
        IN_DNS,
        f"{name} {RELOAD} HAProxy is reloaded. "
        'Have hlbd tell it: on_change = ["systemctl", "reload", "haproxy"]',
        f"{name} has servers with resolvers ({settings}:4). While it runs it looks their names up by DNS, "
        "never by hlb. Leave resolvers away, and reload HAProxy by on_change.",
    ], None, None  # fmt: skip


@kind("Chromium by its wrapper")
def chromium(scene):
    (scene.folder / "bin").mkdir()
    real = looker(scene.folder / "bin", name="chrome")
    wrapper = scene.folder / "bin/chromium"
    wrapper.write_text("#!/bin/sh\nexec /nowhere/chrome\n")
    name = f"{wrapper}, by {real}"
    return wrapper, [
        IN_DNS,
        f"note: program: {name} is a Chromium, and keeps addresses for 60 s. Its own DNS client is off "
        "where hlb stands on the hosts line; Secure DNS, where it is on, asks a server over HTTPS, and "
        'never hlb. Turn Secure DNS off: by the policy DnsOverHttpsMode = "off".',
        f"nothing else found: hlb answers lookups of {NAME}, also by {name}",
    ], None, None  # fmt: skip


@kind("Java")
def java(scene):
    (scene.folder / "bin").mkdir()
    program = looker(scene.folder / "bin", name="java")
    pid, _ = scene.runs(program)
    return pid, [
        IN_DNS,
        f"program: {program} (process {pid}) keeps addresses for 30 s. Java goes on using a backend that hlb "
        "no longer answers. Write into java.security: networkaddress.cache.ttl=0",
    ], None, None  # fmt: skip


@kind("a Flatpak")
def flatpak(scene):
    script = scene.folder / "org.example.App"
    script.write_text("#!/bin/sh\nexec /usr/bin/flatpak run --branch=stable org.example.App \"$@\"\n")
    lines = scene.machine.doctor(NAME, "--program", script)
    (found,) = [line for line in lines if " is a Flatpak" in line]
    name = found.split(" is a Flatpak")[0].removeprefix("program: ")
    assert str(script) in name
    return script, [*(line for line in lines if line != found), (
        f"program: {name} is a Flatpak. It runs with a root folder and a glibc of its own, which come "
        "without libnss_hlb.so.2. Start it, and give the number of its process, to see what it gets."
    )], None, None  # fmt: skip


@kind("nscd in between")
def nscd(scene):
    settings = Path(scene.stage.nscd(environment()).command[-1])
    program = looker(scene.folder)
    pid, got = scene.runs(program)
    caches = (
        f"nscd: nscd caches hosts ({settings}). Programs ask it before hlb, and it keeps a lone address, "
        f'and "not found", for a while. Write into {settings}: enable-cache hosts no; then restart nscd.'
    )
    return pid, [caches, IN_DNS], got, HLBS


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_says_what_a_lookup_there_gets(make, machine, stage, folder):
    scene = Scene(machine, stage, folder)
    target, lines, got, wanted = make(scene)
    said = machine.doctor(NAME, "--program", target)
    # Which of DNS's addresses comes first is a matter of this machine's interfaces.
    assert [line.replace(DNS_IPV6, DNS_IPV4) for line in said] == machine.worst_first(lines)
    assert got is None or got in wanted


# ---- containers that aren't to be trusted -----------------------------------------------------


def with_getent(scene, source):
    """A container whose getent is made of this source."""
    getent = compiled(scene.folder, "getent", source)
    return scene.container(before=f"mount --bind {getent} usr/bin/getent")[0]


def programs_called(name):
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it has ended
            found += [path] if path.read_text() == f"{name}\n" else []
    return found


def test_a_getent_that_hangs_is_ended(machine, stage, folder):
    scene = Scene(machine, stage, folder)
    pid = with_getent(scene, "#include <unistd.h>\nint main(void) { for (;;) pause(); }")
    started = time.monotonic()
    assert machine.doctor(NAME, "--program", pid) == [scene.got(pid, "isn't found within 2 s"), IN_DNS]
    assert time.monotonic() - started < 10
    until(lambda: not programs_called("getent"), "no getent")


HOSTILE = """\
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
  if (mknod("/disk", S_IFBLK | 0600, 0x800) == 0) puts("127.0.0.91 STREAM made a device");
  if (chroot("/usr") == 0) puts("127.0.0.92 STREAM changed its root folder");
  signal(SIGXFSZ, SIG_IGN);
  if (write(open("/scratch", O_CREAT | O_WRONLY, 0600), "x", 1) == 1) puts("127.0.0.93 STREAM wrote a file");
  if (setuid(0) != 0 || getuid() != 0) puts("127.0.0.94 STREAM is another user");
  return 2;
}
"""


def test_a_hostile_getent_has_no_rights(machine, stage, folder):
    scene = Scene(machine, stage, folder)
    pid = with_getent(scene, HOSTILE)
    assert machine.doctor(NAME, "--program", pid) == [scene.got(pid), IN_DNS]


# ---- names below a search domain, which no program is needed for ------------------------------


def test_a_short_name_below_a_search_domain(machine):
    RESOLV.write_text("search else.test test\nnameserver 127.0.0.54\n")
    short = machine.doctor("app")
    assert short[-1] == (
        'search: "app" isn\'t app.test to hlb. Search domains are DNS\'s alone: every other source is '
        'asked for the name as it was typed. Use the whole name, or give the service aliases = ["app"].'
    )
    assert machine.doctor()[0] == (
        "note: search: also.test lies below the search domain test. "
        'As "also" it is looked up by DNS alone. Use whole names, or give aliases: ["also"].'
    )
    RESOLV.write_text("search else.test\nnameserver 127.0.0.54\n")
    assert len(machine.doctor()) == 1
