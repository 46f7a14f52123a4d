"""hlbctl doctor on a host of a fleet: it finds the one thing that is wrong with etcd, the way there, or
what is let through."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from authority import Authority
from doctor import NAME, SERVICES, A, Machine
from etcds import EtcdCluster
from fleet import Fleet, key
from hlbctl import hlbctl
from waiting import until
from world import config

FLEETS = "shop.internal"


class Host(Machine):
    """A machine in order, in a fleet that is, too."""

    def __init__(self, stage, etcd):
        super().__init__(stage)
        self.etcd, self.fleet = etcd, Fleet(etcd)
        self.fleet.add_service(FLEETS, backends=[A])
        self.user = "hlb-host" if etcd.authority else None
        self.configure()

    def configure(self, **changes):
        self.hlbd.reload(config(*SERVICES) + self.fleet.section(user=self.user, **changes))
        until(lambda: "fresh" in self.stands() or "frozen" in self.stands(), "it has begun")

    def stands(self):
        return str(self.bus.ask("GetFleet"))

    def finds(self, *parts):
        """The only finding about the fleet comes to have all of these."""

        def found():
            result = json.loads(self.run("--json", NAME).stdout)["findings"]
            self.last = [each for each in result if each["about"] == "fleet"]
            text = " ".join(" ".join(each[part] for part in ("what", "why", "mend")) for each in self.last)
            return len(self.last) == 1 and all(part in text for part in parts)

        until(found, f"doctor says {parts}, last: {getattr(self, 'last', None)}", 10)


@pytest.fixture
def host(etc, stage):
    return Host(stage, EtcdCluster(stage, members=1))


@pytest.fixture
def secured(etc, stage):
    return Host(stage, EtcdCluster(stage, authority=Authority(stage.new_folder(), "authority of the fleet")))


def test_a_fleet_in_order_has_nothing(secured):
    until(lambda: secured.doctor(NAME) == ["nothing found: hlb answers lookups of app.test"], "nothing is found")


def test_names_that_let_nothing_through(host):
    host.configure(names=["*.other.internal"])
    finds = json.loads(host.run("--json", NAME).stdout)["findings"]
    assert any('"names" of [fleet] lets none of 1 service through, not even shop.internal' in each["what"]
               for each in finds)  # fmt: skip


def test_addresses_that_let_nothing_through(host):
    host.configure(allow=["10.0.0.0/8"])
    finds = json.loads(host.run("--json", NAME).stdout)["findings"]
    assert any(f'"allow" of [fleet] lets none of 1 backend through, not even {A}' in each["what"] for each in finds)


def test_a_prefix_where_nothing_is(host):
    host.configure(prefix="/elsewhere")
    host.finds("etcd has no service below /elsewhere/1/c/")


def test_a_key_that_cant_be_used(host):
    host.etcd.put(key("s", FLEETS), "{")
    host.finds("1 key can't be used, as c/s/shop.internal: the value is no JSON", "hlbctl fleet")


def test_a_member_that_is_gone_and_then_the_whole_etcd(host):
    gone = "http://127.0.10.9:2379"
    host.configure(etcd=[*host.etcd.endpoints, gone])
    host.finds("a member of etcd doesn't answer: 127.0.10.9:2379: connection refused", "Hosts go on with the others.")
    host.etcd.kill(0)
    until(lambda: "frozen" in host.stands(), "it is frozen")
    found = json.loads(host.run("--json", NAME).stdout)["findings"]
    assert [each["severity"] for each in found if each["about"] == "fleet"] == 3 * ["note"]
    assert any("this host is frozen" in each["what"] for each in found)


def test_a_member_that_hangs_holds_nobody_up(host):
    host.etcd.pause(0)
    begun = time.monotonic()
    found = json.loads(host.run("--json", NAME).stdout)["findings"]
    host.etcd.go_on(0)
    assert time.monotonic() - begun < 6
    assert any("a member of etcd doesn't answer: 127.0.10.1:2379" in each["what"] for each in found)


def test_a_fleet_that_hlbd_has_not_heard_of(host):
    host.hlbd.reload(config(*SERVICES))
    host.hlbd.config_file.write_text(config(*SERVICES) + host.fleet.section())
    host.finds("hlbd takes no part in it", "hlbctl reload")


def test_an_etcd_that_was_wiped(host):
    host.etcd.wipe(0)
    host.fleet.add_service("new.internal", [A])
    host.finds("that etcd has lost stay in force", "hlbctl fleet accept")


def test_members_of_different_clusters(host):
    other = EtcdCluster(host.stage, net=11)
    host.configure(etcd=host.etcd.endpoints + other.endpoints)
    found = json.loads(host.run("--json", NAME).stdout)["findings"]
    assert any("are of different clusters" in each["what"] for each in found)


def put_often(address, times):
    """Puts a key, by etcd's gateway for HTTP."""
    connection = http.client.HTTPConnection(address, 2379)
    for _ in range(times):
        connection.request("POST", "/v3/kv/put", b'{"key": "eA==", "value": "eA=="}')
        connection.getresponse().read()


def test_an_etcd_that_was_never_compacted(host):
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(put_often, 50 * host.etcd.addresses, 50 * [200]))
    host.finds("revisions: nothing was ever compacted", "--auto-compaction-retention=1h")
    host.etcd.compact()
    until(lambda: "compacted" not in host.run(NAME).stdout, "nothing is found")


def test_a_certificate_that_ends_soon(secured):
    etcd = secured.etcd
    etcd.authority.issue("hlb-host", ["hlb-host"], days=5)
    secured.finds("hlb-host.pem ends in", "man hlb-fleet")


def test_a_key_that_isnt_the_certificates(secured):
    _, _, private = secured.etcd.certificate("hlb-host")
    _, _, other = secured.etcd.certificate("another")
    Path(private).write_text(Path(other).read_text())
    secured.finds("is not the key of the certificate", "hlbctl check-config")


def test_a_user_without_the_role(secured):
    secured.etcd.allow("somebody", ("read", "/hlb/"))
    hlbctl(secured.bus, "reload")
    found = json.loads(secured.run("--json", NAME).stdout)["findings"]
    assert any("etcd refuses to be read" in each["what"] for each in found)
