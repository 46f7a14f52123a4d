"""Every row of the status table, through real glibc with `hosts: files hlb dns`.

DNS knows every name there is, with addresses that no backend has: a managed name must never get
those, a foreign name always. All of it holds for answers from the table, for answers over D-Bus
alone, and with nscd in between on either path.
"""

from dataclasses import dataclass

import pytest
from lookups import lookup
from programs import Stage
from world import DNS, DNS_IPV4, DNS_IPV6, config, environment, run, service

A, B = "127.0.0.11", "127.0.0.12"  # healthy, as are:
A6, B6 = "fd77::11", "fd77::12"
DOWN, DOWN6 = "127.0.0.21", "::1"  # nobody listens there


@dataclass
class Row:
    """What a name stands for. `kind`: answers, none-healthy, or dns (the next source answers)."""

    name: str
    kind: str
    ipv4: frozenset = frozenset()
    ipv6: frozenset = frozenset()
    canon: str = ""
    whole: bool = False  # all of the addresses come each time

    def addresses(self, family):
        return {
            "inet": self.ipv4,
            "inet6": self.ipv6,
            "unspec": self.ipv4 | self.ipv6,
        }[family]


def answers(name, *addresses, canon=None, whole=False):
    ipv4 = frozenset(each for each in addresses if ":" not in each)
    return Row(name, "answers", ipv4, frozenset(addresses) - ipv4, canon or name, whole)


SERVICES = [
    service("ipv4.test", [A, B]),
    service("ipv6.test", [A6, B6]),
    service("both.test", [A, B, A6, B6]),
    service("one.test", [A, A6], answer="one"),
    service("set.test", [A, B, DOWN, A6, B6, DOWN6], answer="all"),
    service("half.test", [A, DOWN, A6, DOWN6]),
    service("none.test", [DOWN, DOWN6]),
    service("open.test", [DOWN, DOWN6], when_all_down="all", answer="all"),
    service("next.test", [DOWN, DOWN6], when_all_down="next"),
    service("named.test", [A, A6], aliases=["other.test"]),
    service("wide.test", [A, A6], subdomains=True),
    service("weight.test", [{"address": A, "weight": 0}, B, {"address": A6, "weight": 0}, B6]),
    service(
        "priority.test",
        [
            DOWN,
            {"address": A, "priority": 1},
            {"address": B, "priority": 2},
            {"address": A6, "priority": 7},
            {"address": B6, "priority": 8},
        ],
        answer="all",
    ),
]

ROWS = [
    answers("ipv4.test", A, B),
    answers("ipv6.test", A6, B6),
    answers("both.test", A, B, A6, B6),
    answers("BoTh.TeSt.", A, B, A6, B6, canon="both.test"),
    answers("one.test", A, A6),
    answers("set.test", A, B, A6, B6, whole=True),
    answers("half.test", A, A6),
    Row("none.test", "none-healthy"),
    answers("open.test", DOWN, DOWN6, whole=True),
    Row("next.test", "dns"),
    answers("named.test", A, A6),
    answers("other.test", A, A6, canon="named.test"),
    answers("wide.test", A, A6),
    answers("deep.er.wide.test", A, A6),
    answers("weight.test", B, B6, whole=True),
    answers("priority.test", A, whole=True),
    Row("foreign.example", "dns"),
    Row("not-ipv4.test", "dns"),
    Row("sub.named.test", "dns"),
]

FAMILIES = ["unspec", "inet", "inet6"]
NO_ADDRESS = {"EAI_NODATA", "EAI_NONAME", "EAI_ADDRFAMILY"}
NO_ANSWER = NO_ADDRESS | {"EAI_AGAIN"}
DNS_ROW = Row("", "dns", frozenset({DNS_IPV4}), frozenset({DNS_IPV6}))


@pytest.fixture(scope="module")
def hlbd(file_stage):
    file_stage.backend(A, B, A6, B6)
    return file_stage.hlbd(config(*SERVICES))


@dataclass
class Path:
    """The way on which answers come: what is /run/hlb to who looks up, and whether nscd is asked."""

    runtime: object = None  # None: what is there
    nscd: bool = False


@pytest.fixture(scope="module", params=["table", "bus", "nscd-table", "nscd-bus"])
def path(request, hlbd, file_stage, tmp_path_factory):
    runtime = file_stage.bus_alone() if request.param.endswith("bus") else None
    if not request.param.startswith("nscd"):
        yield Path(runtime)
        return
    stage = Stage(tmp_path_factory.mktemp("nscd"))
    stage.nscd(environment(), runtime)
    # A program that nscd doesn't answer finds no table and no bus.
    yield Path(stage.new_folder(), nscd=True)
    stage.close()


def assert_addresses(row, family, found):
    """`found` is what the row allows for the family, in whatever order."""
    found, allowed = set(found), row.addresses(family)
    if row.kind == "dns":
        assert found == DNS_ROW.addresses(family)
        return
    assert not found & DNS, "DNS answered for a managed name"
    assert found <= allowed
    assert found == allowed if row.whole else bool(found) == bool(allowed)
    if family == "unspec":
        assert bool(found & row.ipv4) == bool(row.ipv4)
        assert bool(found & row.ipv6) == bool(row.ipv6)


def ids(row):
    return row.name


@pytest.mark.parametrize("row", ROWS, ids=ids)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("canonname", [False, True], ids=["", "canonname"])
def test_getaddrinfo_gives_what_the_table_says(path, row, family, canonname):
    result = lookup(row.name, runtime=path.runtime, family=family, canonname=canonname)
    assert_addresses(row, family, result.addresses)
    if row.kind == "none-healthy":
        # With one family glibc forgets that a source said "try again", except on the short way that
        # it takes for IPv4 without a canonical name (getaddrinfo.c: gethosts, get_nss_addresses).
        # nscd's protocol has no "try again" at all.
        kept = family == "unspec" or (family == "inet" and not canonname)
        expected = {"EAI_AGAIN"} if kept and not path.nscd else NO_ANSWER
        assert result.status in expected
    elif not result.addresses:
        assert result.status in NO_ADDRESS
    if canonname and row.kind == "answers" and result.ok:
        assert result.canon == row.canon


@pytest.mark.parametrize("row", ROWS, ids=ids)
@pytest.mark.parametrize("api, family", [
    ("gethostbyname", "inet"), ("gethostbyname2", "inet"), ("gethostbyname2", "inet6"),
], ids=lambda value: value)  # fmt: skip
def test_gethostbyname_gives_what_the_table_says(path, row, api, family):
    result = lookup(row.name, runtime=path.runtime, api=api, family=family)
    assert_addresses(row, family, result.addresses)
    if row.kind == "none-healthy":
        assert result.status == ("HOST_NOT_FOUND" if path.nscd else "TRY_AGAIN")
    elif row.kind == "answers" and not result.addresses:
        assert result.status in {"NO_DATA", "HOST_NOT_FOUND"}
    elif row.kind == "answers":
        assert result.canon == row.canon


def getent(database, name, runtime):
    """The addresses that getent prints, IPv4 ones mapped into IPv6 as the IPv4 that they are."""
    output = run("getent", database, name, runtime=runtime, check=False).stdout
    return {line.split()[0].removeprefix("::ffff:") for line in output.splitlines()}


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_getent_hosts_gives_what_the_table_says(path, row):
    # It asks for IPv6, and for IPv4 when there was none.
    assert_addresses(row, "inet6" if row.ipv6 or row.kind == "dns" else "inet",
                     getent("hosts", row.name, path.runtime))  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=ids)
@pytest.mark.parametrize("database, family", [
    ("ahosts", "unspec"), ("ahostsv4", "inet"), ("ahostsv6", "inet6"),
], ids=lambda value: value)  # fmt: skip
def test_getent_ahosts_gives_what_the_table_says(path, row, database, family):
    # ahostsv6 maps IPv4 addresses into IPv6 where the name has no others.
    mapped = database == "ahostsv6" and row.kind == "answers" and not row.ipv6
    assert_addresses(row, "inet" if mapped else family, getent(database, row.name, path.runtime))
