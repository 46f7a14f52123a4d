"""hlbctl doctor and the hosts line of nsswitch.conf: what keeps glibc from asking hlb."""

import pytest
from doctor import NAME, NOBODY, NSSWITCH, RESOLV, WELL, WELL_ELSE, A
from world import run

def answered_by_hlb():
    """Whether glibc itself, where DNS knows every name, says what hlb does."""
    RESOLV.write_text("nameserver 127.0.0.53\n")
    found = run("getent", "ahostsv4", NAME, check=False).stdout.split()
    RESOLV.write_text(NOBODY)
    return found[:1] == [A]


LINE = "the hosts line (/etc/nsswitch.conf:1)"


# Sources without a module, as those are here, let every name pass; and what stops others harms them.
STILL_ANSWERED = {"behind-mdns", "behind-myhostname", "stops-others"}


@pytest.mark.parametrize("text, found", [
    ("passwd: files\nhosts: files dns\n",
     "no hlb on the hosts line (/etc/nsswitch.conf:2). No program asks hlb. "
     "Write: hosts: files hlb dns"),
    ("hosts: files HLB, dns\n",
     f'"HLB," instead of hlb on {LINE}. No program asks hlb. Write: hosts: files hlb dns'),
    ("hosts: files dns hlb\n",
     f"hlb stands behind dns on {LINE}. A name known there is answered from there, and hlb isn't "
     "asked. Write: hosts: files hlb dns"),
    ("hosts: files mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] hlb dns\n",
     f"hlb stands behind mdns4_minimal [NOTFOUND=return] and resolve [!UNAVAIL=return] on {LINE}. "
     "The search can end there, and hlb isn't asked. "
     "Write: hosts: files hlb mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns"),
    ("hosts: files myhostname hlb dns\n",
     f"hlb stands behind myhostname on {LINE}. A name known there is answered from there, and hlb "
     "isn't asked. Write: hosts: files hlb myhostname dns"),
    ("hosts: files [NOTFOUND=return] hlb dns\n",
     f"hlb stands behind files [NOTFOUND=return] on {LINE}. The search can end there, and hlb "
     "isn't asked. Write: hosts: files hlb dns"),
    ("hosts: files hlb [UNAVAIL=return] dns\n",
     f'"hlb [UNAVAIL=return]" on {LINE} ends the search for names that aren\'t hlb\'s. No other '
     "name reaches dns. Write: hosts: files hlb dns"),
    ("hosts: files hlb [!UNAVAIL=continue] dns\n",
     f'"hlb [!UNAVAIL=continue]" on {LINE} goes on after an answer of hlb\'s. Programs get what '
     "dns says instead, or nothing. Write: hosts: files hlb dns|"
     f'"hlb [!UNAVAIL=continue]" on {LINE} goes on where hlb ends the search. For a service '
     "without a healthy backend dns is asked. Write: hosts: files hlb dns"),
    ("hosts: files [NOTFOUND=retrun] hlb dns\n",
     '/etc/nsswitch.conf:1: "[NOTFOUND=retrun]" is no action. glibc then takes nothing of the '
     "file, and every lookup fails, of users too. Write [STATUS=ACTION], where STATUS is SUCCESS, "
     "NOTFOUND, UNAVAIL or TRYAGAIN, and ACTION is return, continue or merge."),
    ("hosts: files hlb dns\npasswd: files [success]\n",
     '/etc/nsswitch.conf:2: "[success]" is no action. glibc then takes nothing of the '
     "file, and every lookup fails, of users too. Write [STATUS=ACTION], where STATUS is SUCCESS, "
     "NOTFOUND, UNAVAIL or TRYAGAIN, and ACTION is return, continue or merge."),
    ("hosts: files [UNAVAIL=return] [TRYAGAIN=return] hlb dns\n",
     f'glibc stops reading {LINE} at "[TRYAGAIN=return] hlb dns". What stands there isn\'t asked. '
     "Put brackets behind a source alone, and all of its actions into one pair."),
    ("passwd: files\nhosts: files hlb dns",
     "/etc/nsswitch.conf ends in a hosts line without a newline. glibc doesn't read such a line. "
     "Add a newline."),
    ("passwd: files\n",
     "/etc/nsswitch.conf has no hosts line. glibc then asks dns, and never hlb. "
     "Add: hosts: files hlb dns"),
    (None,
     "/etc/nsswitch.conf: No such file or directory. glibc then asks dns, and never hlb. "
     "Write into it: hosts: files hlb dns"),
], ids=["missing", "misspelt", "behind-dns", "behind-mdns", "behind-myhostname", "stopped-by-files",
        "stops-others", "goes-on", "no-action", "no-action-elsewhere", "second-brackets",
        "no-newline", "no-line", "no-file"])  # fmt: skip
def test_a_hosts_line_that_keeps_lookups_from_hlb(machine, request, text, found):
    NSSWITCH.unlink()
    if text is not None:
        NSSWITCH.write_text(text)
    assert machine.doctor() == [f"nsswitch: {line}" for line in found.split("|")]
    assert answered_by_hlb() == (request.node.callspec.id in STILL_ANSWERED)


@pytest.mark.parametrize("line", [
    "hosts: files hlb dns # and no others", "hosts: files hlb [!UNAVAIL=return] dns",
    "hosts: files mymachines hlb [ notfound = Continue ] dns", "hosts files hlb", "\thosts :hlb",
])  # fmt: skip
def test_hosts_lines_that_are_in_order(machine, line):
    NSSWITCH.write_text(f"# hosts: files\nhosts: dns\n{line}\nsudoers: files [nonsense]\n")
    assert machine.doctor() == WELL
    assert answered_by_hlb()


def test_hlb_before_files_is_a_note(machine):
    NSSWITCH.write_text("hosts: hlb files dns\n")
    assert machine.doctor() == [
        f"note: nsswitch: hlb stands before files on {LINE}. /etc/hosts can't override the name of "
        "a service. If it shall, write: hosts: files hlb dns",
        *WELL_ELSE,
    ]
