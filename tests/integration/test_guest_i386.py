"""32-bit programs on a 64-bit machine: the module built for them reads the table of a 64-bit hlbd."""

import subprocess

import pytest
from lookups import parse_lookups
from world import BUILD, DNS_IPV4, HERE, config, environment, run, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "i386.test"
ROOT = HERE.parents[1]
I386 = ROOT / "build/i386"


def can_compile():
    command = ["g++", "-m32", "-x", "c++", "-", "-o", "/dev/null"]
    return subprocess.run(command, input=b"#include <thread>\nint main() {}\n", check=False,
                          stderr=subprocess.DEVNULL).returncode == 0  # fmt: skip


def emulator():
    """What runs a program of 32 bits: nothing more, but where the kernel is built without."""
    try:
        subprocess.run([I386 / "tests/lookup"], check=False, stderr=subprocess.DEVNULL)
    except OSError:
        return ["qemu-i386"]
    return []


pytestmark = [
    pytest.mark.skipif(BUILD.name in {"asan", "tsan"}, reason="it is a build of its own"),
    pytest.mark.skipif(not can_compile(), reason="no g++-multilib"),
]


@pytest.fixture(scope="module", autouse=True)
def built():
    run("make", "--no-print-directory", "-C", ROOT, "VARIANT=i386", "build/i386/libnss_hlb.so.2",
        "build/i386/tests/lookup", timeout=300)  # fmt: skip


@pytest.fixture
def hlbd(stage):
    stage.backend(A, B)
    return stage.hlbd(config(service(NAME, [A, B], answer="all")))


def lookup_of_i386(name, runtime=None, **options):
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    env = environment(LD_LIBRARY_PATH=str(I386))
    command = [*emulator(), I386 / "tests/lookup", name, "--family", "inet", *words]
    return parse_lookups(run(*command, env=env, runtime=runtime).stdout)


@pytest.mark.parametrize("way", ["table", "bus"])
def test_a_program_of_32_bits_gets_all_answers(stage, hlbd, way):
    runtime = stage.bus_alone() if way == "bus" else None
    found = lookup_of_i386(NAME, runtime, count=100)
    assert found.statuses() == {"OK"}
    assert {tuple(sorted(each.addresses)) for each in found.results} == {(A, B)}
    assert lookup_of_i386("foreign.example", runtime).addresses() == {DNS_IPV4}


def test_a_program_of_32_bits_follows_the_table(hlbd):
    assert lookup_of_i386(NAME, threads=4, **{"for": 1}).statuses() == {"OK"}
    hlbd.reload(config(service(NAME, [B], answer="all")))
    assert lookup_of_i386(NAME).addresses() == {B}


def test_the_module_of_32_bits_needs_libc_alone():
    needed = run("readelf", "-dW", I386 / "libnss_hlb.so.2").stdout
    assert needed.count("(NEEDED)") == 1 and "libc.so.6" in needed
