"""Services that have no backend as yet, as those of a fleet that has said nothing of them."""

import pytest
from lookups import lookup
from world import DNS_IPV4, config, service

FLEET = """
[fleet]
etcd = ["http://127.0.0.1:1"]
names = ["*.test"]
allow = ["127.0.0.0/8"]
"""


@pytest.mark.parametrize("rule", ["fail", "all", "next"])
def test_a_service_without_backends_is_left_to_dns_by_its_own_rule_alone(stage, dns, rule):
    empty = service("app.test", [{"fleet": "app.test"}], when_all_down=rule)
    stage.hlbd(config(empty) + FLEET)
    found = lookup("app.test", family="inet")
    if rule == "next":
        assert found.addresses == [DNS_IPV4]
    else:
        assert found.status == "EAI_AGAIN"
