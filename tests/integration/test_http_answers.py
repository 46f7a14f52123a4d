"""What backends answer to checks of type http, and what curl and HAProxy make of it: one case a
line of http_answers.jsonl."""

import json

import pytest
from lookups import lookup
from world import HERE, config, service

CASES = [json.loads(line) for line in (HERE / "http_answers.jsonl").read_text().splitlines()]
ADDRESSES = [f"127.0.7.{number}" for number, _ in enumerate(CASES, 1)]
# The timeout is long enough for a loaded machine.
QUICK = {"interval": "1s", "timeout": "1s"}


@pytest.mark.parametrize("reuse", [False, True], ids=["fresh", "kept"])
@pytest.mark.parametrize(
    "expected, keys", [("up", {}), ("up_with_expect_body_ok", {"expect_body": "ok"})],
    ids=["status", "body"],
)  # fmt: skip
def test_answers_are_judged_as_curl_and_haproxy_judge_them(stage, expected, keys, reuse):
    stage.backend(*ADDRESSES, kind="answers")
    check = {**QUICK, **keys, "reuse": reuse}
    hlbd = stage.hlbd(
        config(
            *(service(f"case{number}.test", [address], check)
              for number, address in enumerate(ADDRESSES))
        )
    )  # fmt: skip
    for number, case in enumerate(CASES):
        told = hlbd.wait_for_log(rf" case{number}\.test/\S+: unknown -> (\w+): (.*)")
        assert (told[1] == "up") == case[expected], (case["name"], told[2])
        assert lookup(f"case{number}.test").ok == case[expected], case["name"]
