"""Keys and values of a fleet that nobody should have written, put beside good ones while hlbd follows."""

import json
import random
import struct

import pytest
from etcds import EtcdCluster
from fleet import Fleet, key
from fleet_client import FleetClient
from fleet_hosts import Hosts, catalog, fill, write
from scraping import AT
from waiting import until

PREFIX = "/hlb/1/"
GOOD = {"v": 1, "answer": "all", "check": {"type": "tcp", "port": 9, "interval": "1h"}}
SERVICES = 40
LAST = "s0.internal"  # whose values are good
HUGE = 10 << 20


def records(folder):
    """The bytes of each service's record in a table: {name: bytes}, see TABLE.md."""
    table = (folder / "table").read_bytes()
    slots, count = struct.unpack_from("<II", table, 48)
    found = {}
    for place in range(slots, slots + 16 * count, 16):
        _, record, name, length = struct.unpack_from("<IIIH", table, place)
        if record:
            size = struct.unpack_from("<I", table, record)[0]
            found[table[name : name + length].decode()] = table[record : record + size]
    return found


# ---- what is always refused --------------------------------------------------------------------


def changed(**fields):
    return lambda chance: json.dumps({**GOOD, **fields})


def checked(**fields):
    return changed(check={**GOOD["check"], **fields})


def cut(chance):
    return json.dumps(GOOD)[: chance.randrange(len(json.dumps(GOOD)))]


def noise(chance):
    return b"\xff" + bytes(chance.randrange(1, 256) for _ in range(chance.randrange(1, 200)))


BAD_VALUES = [
    cut,
    noise,
    changed(v=2),
    changed(v="1"),
    changed(needs=["teleport"]),
    changed(answer="some"),
    changed(on_change=["/bin/true"]),
    changed(agent={"port": 1}),
    changed(aliases=["www.google.com"]),
    changed(aliases=["*.internal"]),
    changed(backends=["10.0.0.1"]),
    changed(name="another.internal"),
    changed(when_all_down="\u00e9"),
    checked(type="exec", command=["/bin/true"]),
    checked(type="file", path="/etc/passwd"),
    checked(ca="/etc/shadow"),
    checked(netns="/proc/1/ns/net"),
    checked(address="8.8.8.8"),
    checked(port=70_000),
    checked(interval="soon"),
    lambda chance: '{"v":1,"v":1,"check":{"type":"none"}}',
    lambda chance: "[" * chance.randrange(1, 60_000),
    lambda chance: '{"v":1,"check":{"type":"none"},"x":"' + "x" * 65_536 + '"}',
    lambda chance: "null",
    lambda chance: "",
]
BAD_OF_BACKENDS = [
    cut,
    noise,
    lambda chance: '{"v":2}',
    lambda chance: '{"v":1,"weight":-1}',
    lambda chance: '{"v":1,"weight":1e99}',
    lambda chance: '{"v":1,"port":0}',
    lambda chance: '{"v":1,"priority":"first"}',
    lambda chance: '{"v":1,"forget_after":"never"}',
]
BAD_OF_OVERRIDES = [
    cut,
    noise,
    lambda chance: '{"v":1,"kind":"destroy"}',
    lambda chance: '{"v":1,"kind":"drain","until":"tomorrow"}',
    lambda chance: '{"v":1,"kind":"drain","why":"' + "x" * 2000 + '"}',
]


def bad_key(number, chance):
    """One that no host takes, whatever its value says."""
    return PREFIX + chance.choice([
        f"c/s/n{number}.example.com",
        f"c/s/N{number}.internal",
        f"c/s/n{number}.internal.",
        f"c/s/{'n' * 64}{number}.internal",
        f"c/s/n{number}.internal/x",
        f"c/b/n{number}.internal",
        f"c/b/n{number}.internal/8.8.8.{number % 256}",
        f"c/b/n{number}.internal/127.0.0.0{number}",
        f"c/b/n{number}.internal/::ffff:127.0.0.{number % 256}",
        f"c/b/n{number}.internal/localhost",
        f"c/x/n{number}.example.com/127.0.0.1",
        f"c/x/n{number}.internal/",
    ])  # fmt: skip


def bad_pairs(content, count, chance):
    """So many keys, each once, with something bad."""
    services = list(content)
    keys = [(key("s", name), BAD_VALUES) for name in services]
    keys += [(key("b", name, each), BAD_OF_BACKENDS) for name in services for each in content[name]]
    keys += [(key("x", name, content[name][0]), BAD_OF_OVERRIDES) for name in services]
    chance.shuffle(keys)
    pairs = {name: chance.choice(bad)(chance) for name, bad in keys}
    for number in range(count):
        pairs.setdefault(bad_key(number, chance), json.dumps(GOOD))
    return list(pairs.items())[:count]


@pytest.fixture
def etcd(stage):
    return EtcdCluster(stage, options=["--max-request-bytes", 2 * HUGE])


@pytest.fixture
def content():
    return catalog(services=SERVICES, backends=10)


@pytest.fixture
def host(stage, etcd, content):
    fill(etcd, content)
    hosts = Hosts(stage, Fleet(etcd), 1, metrics=AT)
    hosts.wait_until_ready()
    return hosts


def test_a_thousand_bad_keys_and_values_change_nothing(etcd, content, host):
    (hlbd,), (folder,) = host.hlbds, host.runtimes
    until(lambda: len(records(folder)) == len(content), "a table of the catalog alone")
    before = records(folder)
    chance = random.Random(17)
    pairs = bad_pairs({name: content[name] for name in content if name != LAST}, 1000, chance)
    write(etcd, pairs, most=50)
    write(etcd, [(key("b", LAST, content[LAST][0]), '{"v":1,"weight":7}')])
    until(lambda: records(folder)[LAST] != before[LAST], "what comes after them")
    after = records(folder)
    assert {name for name in after if after[name] != before.get(name)} == {LAST}
    lines = [line for line in hlbd.log().splitlines() if " fleet: c/" in line]
    for each, _ in pairs:
        brief = each.removeprefix(PREFIX)
        assert sum(f" fleet: {brief}: " in line for line in lines) == 1, brief
    assert len(lines) == len(pairs)


def test_values_of_ten_megabytes_are_refused_and_not_kept(stage, etcd, content, host):
    (hlbd,) = host.hlbds
    seen = host.watch(list(content))
    seen.settle()
    before = seen.now()
    client = FleetClient(stage)
    engine = client.connect(etcd.endpoint(0))
    huge = [f"s{number}.internal" for number in range(1, 6)]
    for name in huge:
        assert client.ask("transact", engine=engine, writes=[[key("s", name), "[" * HUGE]])["done"]
    write(etcd, [(key("b", LAST, content[LAST][0]), None)])
    until(lambda: seen.now()[0, LAST] != before[0, LAST], "what comes after them")
    assert {name for (_, name), answer in seen.now().items() if answer != before[0, name]} == {LAST}
    for name in huge:
        assert hlbd.log().count(f" fleet: c/s/{name}: the value has more than 65536 bytes") == 1
    after = seen.now()
    hlbd.terminate()
    snapshot = hlbd.config_file.parent / "state/fleet.snapshot"
    assert snapshot.stat().st_size < 1 << 20
    hlbd.restart()
    until(lambda: seen.now() == after, "all as it was saved")
    hlbd.terminate()
    snapshot.unlink()
    hlbd.restart()  # by a list, whose pages are more than fits a message
    lost = {(0, name): "absent" for name in huge}
    until(lambda: seen.now() == after | lost, "all that a list can tell")
