"""Many hosts of one fleet, on three members of etcd: all of them answer alike, soon, and whatever befalls etcd."""

import pytest
from etcds import EtcdCluster
from fleet import Fleet, key
from fleet_hosts import Hosts, catalog, fill
from fleet_trials import BACK, NEW, Trials
from programs import Stage

HOSTS = 8
SOON = 5  # a loaded machine's; the bench has what it should be


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("many"))
    try:
        etcd = EtcdCluster(stage, 3)
        content = catalog(services=10, backends=10)
        fill(etcd, content)
        hosts = Hosts(stage, Fleet(etcd), HOSTS)
        hosts.wait_until_ready()
        yield Trials(stage, etcd, hosts, content)
    finally:
        stage.close()


def test_a_drain_and_its_end_are_in_force_everywhere(many):
    drained, cleared = many.drain()
    assert max(drained) < SOON and max(cleared) < SOON
    log = many.ctl("fleet", "log")
    assert "root@" in log and "kernel" in log and "drain" in log and "clear" in log


def test_whatever_changes_is_in_force_everywhere(many):
    for took in [*many.backend(), *many.service()]:
        assert len(took) == HOSTS and max(took) < SOON


def test_no_answer_changes_while_all_members_are_dead(many):
    changed, lookups, back = many.all_killed(3)
    assert not changed and lookups.statuses() == {"OK"}
    assert max(back) < BACK


def test_no_answer_changes_while_the_leader_is_stopped(many):
    changed, lookups, back = many.one_stopped(many.etcd.leader(), 3)
    assert not changed and lookups.statuses() == {"OK"}
    assert max(back) < BACK


def test_hosts_that_missed_what_was_compacted_have_all_of_it(many):
    assert max(many.compacted([0, 1], 1)) < BACK


def test_a_restart_without_etcd_has_the_last_state(many):
    etcd, hosts = many.etcd, many.hosts
    before = many.seen.now()
    etcd.kill(0, 1, 2)
    hosts.kill()
    hosts.restart()
    hosts.wait_until_ready(times=2)
    many.seen.settle()
    assert many.seen.now() == before
    etcd.restart(0, 1, 2)


def test_what_a_restored_etcd_lacks_stays_until_it_is_accepted(many):
    saved = many.save()
    name, address = many.names[4], "127.8.3.1"
    many.timed(many.put((key("b", name, address), '{"v":1}')), name, [*many.content[name], address])
    took, said, others = many.lose(lambda: many.restore(saved), NEW, ["127.8.2.1"])
    assert not others, "what was there stays"
    assert max(took) < 30 and said < SOON
    accepted = many.timed(lambda: many.ctl("fleet", "accept", "--yes"), name, many.content[name])
    assert max(accepted) < SOON
