"""hlb's client of etcd with a real etcd: what is listed, watched, written, and what each fault is."""

import time

import pytest
from authority import Authority
from etcds import EtcdCluster
from fleet_client import FleetClient
from programs import Stage
from waiting import until
from world import saying


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """An etcd of one member, whose keys are all tests'."""
    stage = Stage(tmp_path_factory.mktemp("etcd"))
    yield EtcdCluster(stage)
    stage.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """One with TLS and users."""
    stage = Stage(tmp_path_factory.mktemp("guarded"))
    cluster = EtcdCluster(stage, 1, Authority(stage.new_folder(), "Fleet"), net=11)
    cluster.allow("hlb-host", ("read", "/hlb/1/c/"))
    cluster.allow("hlb-operator", ("readwrite", "/hlb/1/"))
    cluster.certificate("nobody")
    yield cluster
    stage.close()


@pytest.fixture
def three(stage):
    return EtcdCluster(stage, 3, net=12)


@pytest.fixture
def client(stage):
    return FleetClient(stage)


def fill(client, engine, count, prefix, value="x" * 60):
    """Puts so many keys, 100 in a transaction."""
    for first in range(0, count, 100):
        writes = [[f"{prefix}{number:05}", value] for number in range(first, min(first + 100, count))]
        assert client.ask("transact", engine=engine, writes=writes)["done"]


def put(client, engine, key, value="1"):
    return client.ask("transact", engine=engine, writes=[[key, value]])["revision"]


# ---- what an engine does -----------------------------------------------------------------------


def test_keys_are_listed_in_pages_of_one_revision(client, alone):
    engine = client.connect(alone.endpoint(0))
    fill(client, engine, 3500, "/many/")
    put(client, engine, "/mana")
    put(client, engine, "/manz")
    listing = client.ask("list", engine=engine, prefix="/many/")
    assert [key for key, _, _ in listing["keys"]] == [f"/many/{number:05}" for number in range(3500)]
    assert listing["keys"][0][1] == "x" * 60
    assert listing["revision"] >= max(revision for _, _, revision in listing["keys"])
    assert client.ask("list", engine=engine, prefix="/none/")["keys"] == []


def test_keys_of_any_size_that_etcd_takes_are_listed(client, alone):
    engine = client.connect(alone.endpoint(0))
    for number in range(15):
        put(client, engine, f"/large/{number:02}", "x" * 1_400_000)
    assert client.ask("list", engine=engine, prefix="/large/", count=True)["count"] == 15


def test_a_list_larger_than_memory_is_to_be_is_a_fault(client, alone):
    engine = client.connect(alone.endpoint(0))
    for first in range(0, 1100, 20):
        writes = [[f"/huge/{number:04}", "x" * 65_000] for number in range(first, first + 20)]
        assert client.ask("transact", engine=engine, writes=writes)["done"]
    answer = client.ask("list", engine=engine, prefix="/huge/", count=True)
    assert (answer["fault"], answer["message"]) == ("unavailable", "127.0.10.1:2379: over 64 MiB of keys")


def test_a_watch_tells_of_each_change_and_resumes_by_revision(client, alone):
    engine = client.connect(alone.endpoint(0))
    watch = client.watch(engine, prefix="/watched/")
    first = put(client, engine, "/watched/a", "1")
    put(client, engine, "/elsewhere", "1")
    client.ask("transact", engine=engine, writes=[["/watched/a", None], ["/watched/b", "2"]])
    expected = [["/watched/a", "1", first], ["/watched/a", None, first + 2], ["/watched/b", "2", first + 2]]
    until(lambda: client.changes(watch) == expected, "all changes, in their order")
    # What was written together has come together.
    assert [len(news["changes"]) for news in client.said[watch]] == [0, 1, 2]
    again = client.watch(client.connect(alone.endpoint(0)), first + 1, prefix="/watched/")
    until(lambda: client.changes(again) == expected[1:], "what came since")


def test_a_watch_that_is_asked_shows_that_it_lives(client, alone):
    engine = client.connect(alone.endpoint(0))
    watch = client.watch(engine, prefix="/quiet/")
    for count in range(2, 5):
        client.tell("ask", watch=watch)
        assert client.heard(watch, count)[-1]["changes"] == []
    cluster = client.ask("list", engine=engine, prefix="/quiet/")["cluster"]
    assert {news["cluster"] for news in client.said[watch]} == {cluster}


def test_what_is_long_comes_as_far_as_it_may_go(client, alone):
    engine = client.connect(alone.endpoint(0))
    start = put(client, engine, "/long/")
    for number in range(8):
        put(client, engine, f"/long/{number}", "x" * 1_000_000)
    watch = client.watch(engine, start + 1, prefix="/long/")
    until(lambda: len(client.changes(watch)) == 8, "all changes")
    assert [key for key, _, _ in client.changes(watch)] == [f"/long/{number}" for number in range(8)]
    assert all(len(value) == 65_537 for _, value, _ in client.changes(watch))


def test_a_watch_from_before_a_compaction_is_told_so(client, alone):
    engine = client.connect(alone.endpoint(0))
    old = put(client, engine, "/compacted", "1")
    put(client, engine, "/compacted", "2")
    compacted = alone.compact()
    fault = client.fault(client.tell("watch", engine=engine, prefix="/compacted", **{"from": old}))
    assert fault["fault"] == "compacted"
    assert fault["message"] == "127.0.10.1:2379: what came since isn't kept any more"
    client.watch(engine, compacted, prefix="/compacted")  # that one is kept


def test_a_transaction_is_made_only_if_its_conditions_hold(client, alone):
    engine = client.connect(alone.endpoint(0))
    words = {"engine": engine, "writes": [["/txn/a", "1"], ["/txn/b", "1"]]}
    assert client.ask("transact", only_if=[["/txn/a", 0]], **words)["done"] is True
    refused = client.ask("transact", only_if=[["/txn/a", 0]], **words)
    assert (refused["done"], "fault" in refused) == (False, False)
    [[_, _, revision], _] = client.ask("list", engine=engine, prefix="/txn/")["keys"]
    words["writes"] = [["/txn/a", None], ["/txn/b", "2"]]
    assert client.ask("transact", only_if=[["/txn/a", revision]], **words)["done"] is True
    assert client.ask("list", engine=engine, prefix="/txn/")["keys"] == [["/txn/b", "2", revision + 1]]


def test_a_lease_takes_its_keys_along(client, alone):
    engine = client.connect(alone.endpoint(0))
    lease = client.ask("grant", engine=engine, seconds=2)
    assert lease["left"] == 2
    client.ask("transact", engine=engine, writes=[["/leased", "1", lease["lease"]]])
    watch = client.watch(engine, prefix="/leased")
    assert client.ask("keep", engine=engine, lease=lease["lease"])["left"] == 2
    until(lambda: [value for _, value, _ in client.changes(watch)] == [None], "the key goes")
    assert client.ask("keep", engine=engine, lease=lease["lease"])["left"] == 0


def test_members_are_listed(client, three):
    engine = client.connect(three.endpoint(0))
    urls = {name: [three.endpoint(number)] for number, name in enumerate(three.names)}
    assert client.ask("members", engine=engine)["members"] == urls


def test_a_closed_engine_ends_what_waits_for_it(client, alone):
    engine = client.connect(alone.endpoint(0))
    watch = client.watch(engine)
    client.tell("close", engine=engine)
    assert client.fault(watch)["message"] == "127.0.10.1:2379: closed"
    assert client.ask("list", engine=engine, prefix="/")["message"] == "127.0.10.1:2379: closed"


# ---- who may what ------------------------------------------------------------------------------


def test_rights_are_those_of_the_certificate(stage, guarded):
    client = FleetClient(stage, guarded.certificate("hlb-operator"))
    engine = client.connect(guarded.endpoint(0))
    put(client, engine, "/hlb/1/c/s/app", "{}")
    reader = FleetClient(stage, guarded.certificate("hlb-host"))
    engine = reader.connect(guarded.endpoint(0))
    assert [key for key, _, _ in reader.ask("list", engine=engine, prefix="/hlb/1/c/")["keys"]]
    refused = [
        reader.ask("transact", engine=engine, writes=[["/hlb/1/c/s/app", "x"]]),
        reader.ask("list", engine=engine, prefix="/other/"),
        reader.fault(reader.tell("watch", engine=engine, prefix="/other/", **{"from": 0})),
    ]
    for answer in refused:
        assert answer["fault"] == "refused", answer
        assert "permission denied" in answer["message"]
    watch = reader.watch(engine, prefix="/hlb/1/c/")
    put(client, 1, "/hlb/1/c/s/app", "{ }")
    until(lambda: reader.changes(watch), "the change")


def test_whom_etcd_does_not_know_it_refuses(stage, guarded):
    stranger = FleetClient(stage, guarded.certificate("nobody"))
    answer = stranger.ask("list", engine=stranger.connect(guarded.endpoint(0)), prefix="/hlb/1/c/")
    assert answer["fault"] == "refused", answer


def test_certificates_that_are_no_good_are_told_apart(stage, guarded):
    ours = guarded.certificate("hlb-host")
    other = Authority(stage.new_folder(), "Other")
    other.issue("hlb-host", ["hlb-host"])
    strange = [other.path("hlb-host"), other.path("hlb-host", "key")]
    guarded.authority.issue("late", ["late"], days=1, from_day=-3)
    late = [guarded.authority.path("late"), guarded.authority.path("late", "key")]
    there = guarded.endpoint(0)
    for files, kind, words in [
        (ours[:1], "refused", "client certificate demanded: "),
        ([ours[0], *strange], "refused", "client certificate refused: "),
        ([ours[0], *late], "refused", "client certificate refused: "),
        ([other.certificate, *ours[1:]], "refused", "certificate of an unknown authority: Fleet"),
        (["/no/such/file", *ours[1:]], "unavailable", "/no/such/file: No such file or directory"),
    ]:
        fault, message = FleetClient(stage, files).refusal(there)
        assert fault == kind, message
        assert message.startswith("127.0.11.1:2379: " + words), message


def test_a_member_must_have_a_certificate_of_its_name(stage, guarded):
    client = FleetClient(stage, guarded.certificate("hlb-host"))
    with saying("/etc/hosts", "127.0.0.1 localhost\n127.0.11.1 etcd1 another\n"):
        engine = client.connect("https://etcd1:2379")
        assert "keys" in client.ask("list", engine=engine, prefix="/hlb/1/c/")
        words = "another:2379: certificate is for etcd1, 127.0.11.1, not for another"
        assert client.refusal("https://another:2379") == ("refused", words)


# ---- what befalls members ----------------------------------------------------------------------


def test_who_is_no_etcd_is_told_in_words(client, stage, alone, guarded):
    stage.backend("127.0.0.11", port=8082)
    assert client.refusal("http://127.0.10.9:2379") == (
        "unavailable", "127.0.10.9:2379: connection refused",
    )  # fmt: skip
    assert client.refusal("http://127.0.0.11:8082")[1].startswith("127.0.0.11:8082: not HTTP/2: \"HTTP/1.")
    assert client.refusal("https://127.0.10.1:2379")[1].startswith("127.0.10.1:2379: ")
    assert client.refusal("http://127.0.11.1:2379")[1].startswith("127.0.11.1:2379: ")
    assert client.refusal("etcd")[1] == "etcd: no endpoint of etcd"


def test_a_member_that_is_stopped_is_given_up_and_the_watch_resumes_elsewhere(client, three):
    engine, other = (client.connect(three.endpoint(number)) for number in (0, 1))
    watch = client.watch(engine)
    last = put(client, engine, "/hlb/a")
    until(lambda: client.changes(watch), "the change")
    three.pause(0)
    began = time.monotonic()
    answer = client.ask("list", engine=engine, prefix="/hlb/")
    assert (answer["fault"], answer["message"]) == ("unavailable", "127.0.12.1:2379: no answer in 5s")
    assert time.monotonic() - began < 8
    assert client.refusal(three.endpoint(0))[1] == "127.0.12.1:2379: no answer in 3s"
    until(lambda: "fault" not in client.ask("transact", engine=other, writes=[["/hlb/b", "1"]]),
          "a leader", 20)  # fmt: skip
    again = client.watch(other, last + 1)
    until(lambda: [key for key, _, _ in client.changes(again)] == ["/hlb/b"], "what came since")
    three.go_on(0)


def test_a_watch_goes_on_while_its_member_finds_another_leader(client, three):
    leader = three.leader()
    engine = client.connect(three.endpoint((leader + 1) % 3))
    watch = client.watch(engine)
    three.pause(leader)

    def written():
        return "fault" not in client.ask("transact", engine=engine, writes=[["/hlb/a", "1"]])

    until(written, "another leader", 20)
    until(lambda: client.changes(watch), "the change on the same watch")
    three.go_on(leader)


def test_a_member_that_dies_ends_its_watch_at_once(client, three):
    watch = client.watch(client.connect(three.endpoint(2)))
    three.kill(2)
    fault = client.fault(watch)
    assert fault["fault"] == "unavailable"
    assert fault["message"].startswith("127.0.12.3:2379: ")
    assert client.refusal(three.endpoint(2))[1] == "127.0.12.3:2379: connection refused"


def test_a_member_without_a_leader_ends_its_watch_and_says_so(client, three):
    engine = client.connect(three.endpoint(0))
    watch = client.watch(engine)
    three.kill(1, 2)
    fault = client.fault(watch, 20)
    assert (fault["fault"], fault["message"]) == ("unavailable", "127.0.12.1:2379: no leader")
    answer = client.ask("list", engine=engine, prefix="/hlb/")
    assert (answer["fault"], answer["message"]) == ("unavailable", "127.0.12.1:2379: no leader")
