"""What lookups say when a backend, or hlbd itself, is gone."""

import signal
import time

import pytest
from lookups import lookup
from waiting import until
from world import DNS_IPV4, DNS_IPV6, config, environment, service

A, B = "127.0.0.11", "127.0.0.12"
CHECK_PORT = {"port": 8090}
OF_DNS = {"unspec": {DNS_IPV4, DNS_IPV6}, "inet": {DNS_IPV4}, "inet6": {DNS_IPV6}}


def test_nscd_holds_no_answer_of_a_backend_that_died(stage):
    (first, second) = (stage.backend(address, port=8090) for address in (A, B))
    stage.hlbd(config(service("mortal.test", [A, B], check=CHECK_PORT, answer="all")))
    stage.nscd(environment())
    through_nscd = stage.new_folder()  # as /run/hlb: without nscd there are no answers

    def seen():
        return set(lookup("mortal.test", runtime=through_nscd).addresses)

    assert seen() == {A, B}
    first.kill()
    until(lambda: seen() == {B}, "the dead backend out of nscd's answers")
    second.kill()
    until(lambda: seen() == set(), "no answer from nscd")
    # nscd keeps "no such name" for its negative-time-to-live, and asks for no other.


def test_nscd_holds_a_lone_ipv4_address_until_it_next_prunes_and_no_longer(stage):
    # For gethostbyname, and getaddrinfo of IPv4 alone, nscd keeps an answer of one address even
    # though its time to live is 0 (hstcache.c). It prunes each 15 s.
    mortal = stage.backend(A, port=8090)
    stage.hlbd(config(service("lone.test", [A], check=CHECK_PORT)))
    stage.nscd(environment())
    through_nscd = stage.new_folder()  # as /run/hlb: without nscd there are no answers
    assert lookup("lone.test", runtime=through_nscd, api="gethostbyname").addresses == [A]
    mortal.kill()
    until(
        lambda: lookup("lone.test", runtime=through_nscd, api="gethostbyname").addresses == [],
        "the dead backend out of nscd's answers",
        30,
    )


def test_answers_outlive_hlbd_until_max_stale_and_then_never_become_those_of_dns(stage):
    stage.backend(A, port=8090)
    hlbd = stage.hlbd(config(service("kept.test", [A], check=CHECK_PORT), max_stale="5s"))
    hlbd.kill()
    seen = []

    def until_stale():
        result = lookup("kept.test", family="inet")
        seen.append(tuple(result.addresses))
        return not result.ok

    assert lookup("kept.test", family="inet").addresses == [A]
    until(until_stale, "the answers ended at max_stale", 12)
    assert set(seen) == {(A,), ()}
    for family in OF_DNS:
        result = lookup("kept.test", family=family)
        assert result.status == "EAI_AGAIN" or (family == "inet6" and not result.ok)
        assert set(lookup("foreign.example", family=family).addresses) == OF_DNS[family]


def test_the_next_source_answers_where_hlbd_never_ran(stage):
    for family in OF_DNS:
        result = lookup("both.test", family=family, runtime=stage.new_folder())
        assert set(result.addresses) == OF_DNS[family]


def test_the_next_source_answers_when_a_dead_hlbd_left_no_table(stage):
    stage.backend(A, port=8090)
    hlbd = stage.hlbd(config(service("gone.test", [A], check=CHECK_PORT)))
    bus_alone = stage.bus_alone()
    assert lookup("gone.test", runtime=bus_alone, family="inet").addresses == [A]
    hlbd.kill()
    assert lookup("gone.test", runtime=bus_alone, family="inet").addresses == [DNS_IPV4]


@pytest.mark.parametrize("max_stale", ["4s", None], ids=["4s", "the default of 10s"])
def test_answers_of_a_stopped_hlbd_end_at_max_stale_and_return(stage, max_stale):
    stage.backend(A)
    keys = {"max_stale": max_stale} if max_stale else {}
    hlbd = stage.hlbd(config(service("stopped.test", [A]), **keys))
    seconds = 4 if max_stale else 10
    hlbd.signal(signal.SIGSTOP)
    stopped = time.monotonic()
    seen = set()

    def ended():
        result = lookup("stopped.test", family="inet")
        seen.update(result.addresses)
        return result.status == "EAI_AGAIN"

    until(ended, "the answers ended", seconds + 8)
    assert time.monotonic() - stopped > seconds - 1.5, "the answers ended before max_stale"
    assert seen == {A}
    hlbd.signal(signal.SIGCONT)
    until(lambda: lookup("stopped.test", family="inet").addresses == [A], "the answers are back")
