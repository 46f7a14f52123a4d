"""A machine in order, on which the tests of hlbctl doctor make one fault each."""

import shutil
from pathlib import Path

import pytest
from buses import SystemBus
from waiting import until
from world import BUILD, config, environment, run, service

A = "127.0.0.11"
NAME, ALIAS, OTHER = "app.test", "also.test", "web.test"
SERVICES = [service(NAME, [A], aliases=[ALIAS]), service(OTHER, [A], subdomains=True)]
WELL = ["nothing found: hlb answers lookups of also.test, app.test and web.test"]
WELL_ELSE = [line.replace("nothing found", "nothing else found") for line in WELL]  # after notes

OTHER_RELEASE = (
    "Each lookup has to ask hlbd over its socket. "
    "Install libnss-hlb and hlbd of one release, and restart hlbd."
)

NSSWITCH, HOSTS, RESOLV = Path("/etc/nsswitch.conf"), Path("/etc/hosts"), Path("/etc/resolv.conf")
NOBODY = "nameserver 127.0.0.54\n"  # no DNS server is there


class Machine:
    """This world with hlbd and a system bus, all in order."""

    def __init__(self, stage, options=(), **daemon):
        self.stage = stage
        self.bus = SystemBus(stage)
        stage.backend(A)
        self.hlbd = stage.hlbd(config(*SERVICES, **daemon), bus="system", env=self.bus.env, options=options)
        until(lambda: self.bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
        self.env = environment(**self.bus.env)
        self.prefix = ()  # to put before hlbctl

    def run(self, *words, **changes):
        env = {**self.env, **changes}
        return run(*self.prefix, BUILD / "hlbctl", "--config", self.hlbd.config_file, "doctor", *words, env=env, check=False)

    @staticmethod
    def worst_first(lines):
        """As hlbctl lists what it finds: faults before notes."""

        def rank(line):
            is_note = line.startswith("note: ") or ": note: " in line
            return 2 if line.startswith("nothing ") else int(is_note)

        return sorted(lines, key=rank)

    def doctor(self, *words, **changes):
        """The lines printed; the exit code says whether any is of a fault."""
        result = self.run(*words, **changes)
        lines = result.stdout.splitlines()
        faults = [line for line in lines if not line.startswith(("note: ", "nothing "))]
        assert (result.returncode, result.stderr) == (1 if faults else 0, "")
        return lines


@pytest.fixture
def etc(tmp_path):
    """The files of /etc may be changed; they are put back."""
    files = [NSSWITCH, HOSTS, RESOLV]
    for file in files:
        shutil.copy2(file, tmp_path / file.name)
    RESOLV.write_text(NOBODY)
    yield
    for file in files:
        file.unlink(missing_ok=True)
        shutil.copy2(tmp_path / file.name, file)


@pytest.fixture
def machine(etc, stage):
    return Machine(stage)


@pytest.fixture
def folder():
    """A folder that every user may look into, as tmp_path is not."""
    path = Path("/run/doctor")
    path.mkdir()
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def compiled(folder, name, source, *options, compiler="gcc"):
    """A program or library made of C source."""
    (folder / f"{name}.c").write_text(source)
    run(compiler, "-o", folder / name, folder / f"{name}.c", *options)
    return folder / name


LOOKER = """\
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>
int main(int count, char** words) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
  char text[64] = "nothing";
  if (count > 1 && getaddrinfo(words[1], NULL, &hints, &found) == 0)
    inet_ntop(AF_INET, &((struct sockaddr_in*)found->ai_addr)->sin_addr, text, sizeof text);
  puts(text);
  fflush(stdout);
  if (count > 2) pause();
}
"""


def looker(folder, *options, compiler="gcc", name="looker"):
    return compiled(folder, name, LOOKER, "-w", *options, compiler=compiler)


def made_by_go(program):
    """A section that Go's linker writes into each program."""
    (program.parent / "info").write_bytes(b"\xff Go buildinf:" + bytes(18))
    section = f".go.buildinfo={program.parent / 'info'}"
    run("objcopy", "--add-section", section, program)
    return program
