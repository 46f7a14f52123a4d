"""hlbctl doctor and modules that glibc can't use, or that don't answer as they should."""

import shutil
import struct

import pytest
from doctor import NAME, OTHER_RELEASE, compiled
from world import BUILD, run


def module_of(folder, source):
    """A machine whose libnss_hlb.so.2 is this one."""
    compiled(folder, "libnss_hlb.so.2", "#include <unistd.h>\n" + source, "-shared", "-fPIC")
    return {"LD_LIBRARY_PATH": str(folder)}


def test_a_module_that_is_not_there(machine):
    assert machine.doctor(LD_LIBRARY_PATH="/nonexistent") == [
        "module: glibc can't load it: libnss_hlb.so.2: cannot open shared object file: No such "
        "file or directory. No lookup reaches hlb. Type: apt install libnss-hlb"
    ]


def test_a_module_that_is_no_library(machine, folder):
    (folder / "libnss_hlb.so.2").write_text("nothing of the sort\n" * 100)
    assert machine.doctor(LD_LIBRARY_PATH=str(folder)) == [
        f"module: glibc can't load it: {folder}/libnss_hlb.so.2: invalid ELF header. No lookup "
        "reaches hlb. Type: apt install libnss-hlb"
    ]


@pytest.mark.parametrize("body, end", [
    ("__builtin_trap()", "ends the program: Illegal instruction"),
    ("_exit(0)", "ends the program"),
    ("pause()", "doesn't come to an end"),
    ("for (int i = 3; i < 99; ++i) close(i); pause()", "doesn't come to an end"),
], ids=["crashes", "exits", "hangs", "hangs-unheard"])  # fmt: skip
def test_a_module_that_breaks_whoever_loads_it(machine, folder, body, end):
    env = module_of(folder, f"__attribute__((constructor)) void start(void) {{ {body}; }}")
    assert machine.doctor(**env) == [
        f"module: loading libnss_hlb.so.2 {end}. It does so in every program that looks up a host "
        "name. Type: apt install --reinstall libnss-hlb"
    ]


def test_a_module_without_an_entry_point(machine, folder):
    env = module_of(folder, "int _nss_hlb_gethostbyname4_r;")
    assert machine.doctor(**env) == [
        f"module: {folder}/libnss_hlb.so.2 has no _nss_hlb_gethostbyname3_r. glibc finds nothing "
        "to call. Type: apt install --reinstall libnss-hlb"
    ]


def test_a_module_that_reads_other_tables(machine, folder):
    note = struct.pack("<III4sHH", 4, 4, 1, b"hlb\0", 7, 0)
    (folder / "note").write_bytes(note)
    run("objcopy", "--update-section", f".note.hlb={folder}/note", BUILD / "libnss_hlb.so.2",
        folder / "libnss_hlb.so.2")  # fmt: skip
    assert machine.doctor(LD_LIBRARY_PATH=str(folder)) == [
        f"module: {folder}/libnss_hlb.so.2 reads tables of version 7, but hlbd publishes version "
        f"2. {OTHER_RELEASE}"
    ]


def test_a_module_that_does_not_say_what_it_reads(machine, folder):
    entries = "".join(f"int _nss_hlb_gethostbyname{each}_r;" for each in ("", 2, 3, 4))
    env = module_of(folder, entries)
    assert machine.doctor(**env) == [
        f"module: {folder}/libnss_hlb.so.2 is of another release than hlbd. {OTHER_RELEASE}"
    ]


def test_a_module_that_others_may_not_read(machine, folder):
    shutil.copy(BUILD / "libnss_hlb.so.2", folder)
    folder.chmod(0o700)
    (folder / "libnss_hlb.so.2").chmod(0o640)
    why = "Programs of other users can't load the module."
    assert machine.doctor(LD_LIBRARY_PATH=str(folder)) == [
        f"permissions: {folder} isn't open to every user (its mode is 0700). {why} "
        f"Type: chmod o+x {folder}",
        f"permissions: {folder}/libnss_hlb.so.2 isn't open to every user (its mode is 0640). {why} "
        f"Type: chmod o+r {folder}/libnss_hlb.so.2",
    ]


ANSWERS_NOTHING = """\
#include <errno.h>
#include <netdb.h>
#include <nss.h>
__attribute__((section(".note.hlb"), aligned(4))) const struct {
  unsigned owner_size, size, type;
  char owner[4];
  unsigned short major, minor;
} note = {4, 4, 1, "hlb", 2, 0};
int _nss_hlb_gethostbyname4_r(const char* name, void** tuples, char* buffer, unsigned long size,
                              int* error, int* host_error, int* ttl) {
  *error = ENOENT;
  *host_error = HOST_NOT_FOUND;
  return NSS_STATUS_RETURN;
}
int _nss_hlb_gethostbyname3_r, _nss_hlb_gethostbyname2_r, _nss_hlb_gethostbyname_r;
"""


def test_lookups_that_fail_for_no_reason_to_be_seen(machine, folder):
    env = module_of(folder, ANSWERS_NOTHING)
    assert machine.doctor(NAME, **env) == [
        f"lookup: in a new process {NAME} isn't found: Name or service not known. It isn't what "
        f"hlb says, and no other check tells why. Type: strace -f getent ahosts {NAME}"
    ]
