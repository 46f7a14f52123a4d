"""The first address of 10,000 lookups follows the weights, wherever the backends are.

The first address is what most programs connect to, and glibc sorts what a module answers: on
loopback, without counter-measures, 127.0.0.1 would come first each time.
"""

from collections import Counter

import pytest
from lookups import lookups
from world import PEER_HOST, config, service

PLACES = {
    "loopback": ["127.0.0.1", "127.0.0.2"],
    "subnet": [f"10.99.0.{host}" for host in (11, 12, 13, 14)],
    "ipv6": [f"fd99::{host}" for host in (11, 12, 13, 14)],
    "ipv6-here": ["fd77::11", "fd77::12"],
    "both": ["127.0.0.1", "127.0.0.2", "fd99::11", "fd99::12"],
}
WEIGHTS = {"even": (1, 1), "uneven": (1, 3)}
LOOKUPS = 10_000
TOLERANCE = 0.03


def weighted(addresses, weights):
    """Backends whose weights are taken in turn: 1, 3, 1, 3."""
    return [
        {"address": address, "weight": weights[i % len(weights)]}
        for i, address in enumerate(addresses)
    ]


@pytest.fixture(scope="module", autouse=True)
def hlbd(file_stage):
    here = [each for each in sum(PLACES.values(), []) if not each.startswith(("10.99.", "fd99:"))]
    file_stage.backend(*sorted(set(here)))
    file_stage.backend(*PLACES["subnet"], *PLACES["ipv6"], host=PEER_HOST)
    return file_stage.hlbd(
        config(
            *(
                service(
                    f"{mode}.{evenness}.{place}.test", weighted(addresses, weights), answer=mode
                )
                for mode in ("spread", "one")
                for evenness, weights in WEIGHTS.items()
                for place, addresses in PLACES.items()
            )
        )
    )


def is_ipv4(address):
    return ":" not in address


def assert_share_follows_weight(backends, firsts):
    total = sum(backend["weight"] for backend in backends)
    assert sum(firsts.values()) == LOOKUPS
    for backend in backends:
        expected = backend["weight"] / total
        share = firsts[backend["address"]] / LOOKUPS
        assert abs(share - expected) <= TOLERANCE, f"{backend}: {share:.3f}, not {expected:.3f}"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("evenness", WEIGHTS)
@pytest.mark.parametrize("mode", ["spread", "one"])
def test_the_first_address_follows_the_weights(mode, evenness, place):
    backends = weighted(PLACES[place], WEIGHTS[evenness])
    found = lookups(f"{mode}.{evenness}.{place}.test", count=LOOKUPS)
    # Where a name has addresses of both families, glibc puts one family first by rules of its own,
    # and each family has a first address.
    for family in (True, False):
        of_family = [each for each in backends if is_ipv4(each["address"]) == family]
        firsts = Counter()
        for result in found.results:
            addresses = [each for each in result.addresses if is_ipv4(each) == family]
            if of_family:
                firsts[addresses[0]] += result.count
        if of_family:
            assert_share_follows_weight(of_family, firsts)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("evenness", WEIGHTS)
def test_spread_adds_other_backends_behind_the_pick_and_none_twice(evenness, place):
    found = lookups(f"spread.{evenness}.{place}.test", count=1000)
    for result in found.results:
        assert set(result.addresses) <= set(PLACES[place])
        assert len(set(result.addresses)) == len(result.addresses)
    assert max(len(result.addresses) for result in found.results) > 1


@pytest.mark.parametrize("place", PLACES)
def test_one_answers_a_single_address_of_each_family(place):
    found = lookups(f"one.even.{place}.test", count=1000)
    families = len({is_ipv4(each) for each in PLACES[place]})
    assert {len(result.addresses) for result in found.results} == {families}
