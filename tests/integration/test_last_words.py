"""What backends said of themselves outlives restarts and reloads of hlbd, also when they have
nothing more to say."""

import json
import signal

import pytest
from agents import AGENT_PORT, Agent
from lookups import lookup, lookups
from waiting import until
from world import RUNTIME, config, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "said.test"
AGENT = {"port": AGENT_PORT, "interval": "100ms"}


def answered():
    return set(lookup(NAME, family="inet").addresses)


def share(address, count=2000):
    """Of the lookups, that which gets the address alone."""
    found = lookups(NAME, count=count, family="inet").results
    return sum(each.count for each in found if each.addresses[:1] == [address]) / count


def with_agent(answer="all", **agent):
    return config(service(NAME, [A, B], answer=answer, agent={**AGENT, **agent}))


def state_file(hlbd):
    return hlbd.config_file.parent / "state/state.json"


def words(hlbd):
    """What stands in the state file of B, by check."""
    try:
        entries = json.loads(state_file(hlbd).read_text()).get("words", [])
    except (FileNotFoundError, ValueError):
        return {}
    about = ("service", "address", "check", "port")
    said = {}
    for entry in entries:
        assert entry["service"] == NAME
        if entry["address"] == B:
            said[entry["check"]] = {key: each for key, each in entry.items() if key not in about}
    return said


def end(hlbd, number, table):
    """Ends hlbd; without its table, what is known after that comes from the file alone."""
    hlbd.signal(number)
    hlbd.process.wait(10)
    if not table:
        (RUNTIME / "table").unlink()


@pytest.fixture
def agent(stage):
    """Both backends work; beside B there is an agent."""
    stage.backend(A, B)
    return stage.add(Agent(B, "up ready 100%"))


ENDS = pytest.mark.parametrize(
    ("number", "table"),
    [(signal.SIGTERM, True), (signal.SIGKILL, True), (signal.SIGKILL, False)],
    ids=["SIGTERM", "SIGKILL", "no-table"],
)


@ENDS
def test_a_drain_outlives_a_restart_without_the_agent(stage, agent, number, table):
    agent.line = "drain"
    hlbd = stage.hlbd(with_agent())
    until(lambda: words(hlbd) == {"agent": {"drained": True}}, "the word in the file", 5)
    agent.close()
    end(hlbd, number, table)
    hlbd.restart()
    assert answered() == {A}
    end(hlbd, number, table)  # handed on, also by one who never heard it himself
    hlbd.restart()
    assert answered() == {A}


def test_a_weight_outlives_a_restart_without_the_agent(stage, agent):
    agent.line = "0%"
    hlbd = stage.hlbd(with_agent(answer="one"))
    until(lambda: words(hlbd) == {"agent": {"weight_percent": 0}}, "the word in the file", 5)
    agent.close()
    hlbd.kill()
    hlbd.restart()
    assert share(B, 200) == 0


@ENDS
def test_a_down_outlives_a_restart_until_the_agent_says_up(stage, agent, number, table):
    agent.line = "down"
    hlbd = stage.hlbd(with_agent())
    until(lambda: words(hlbd) == {"agent": {"state": "down"}}, "the word in the file", 5)
    agent.close()
    end(hlbd, number, table)
    hlbd.restart()
    assert answered() == {A}
    agents = stage.add(Agent(B, "up"))
    until(lambda: answered() == {A, B}, "the backend back in the answers", 5)
    assert agents.asked > 0


def test_what_an_agent_took_back_is_not_in_the_file_any_more(stage, agent):
    agent.line = "drain 50%"
    hlbd = stage.hlbd(with_agent())
    said = {"agent": {"drained": True, "weight_percent": 50}}
    until(lambda: words(hlbd) == said, "the word in the file", 5)
    agent.line = "ready 100%"
    until(lambda: words(hlbd) == {}, "the word out of the file", 5)


def test_a_drain_that_was_taken_back_in_the_last_second_is_known_from_the_table(stage, agent):
    agent.line = "drain"
    hlbd = stage.hlbd(with_agent())
    until(lambda: words(hlbd), "the word in the file", 5)
    before = state_file(hlbd).read_text()
    agent.line = "ready"
    until(lambda: answered() == {A, B}, "the backend back in the answers")
    agent.close()
    hlbd.kill()
    state_file(hlbd).write_text(before)
    hlbd.restart()
    assert answered() == {A, B}


@pytest.mark.parametrize("line", ["drain", "down"])
def test_a_word_outlives_a_reload_that_asks_the_agent_otherwise(stage, agent, line):
    agent.line = line
    hlbd = stage.hlbd(with_agent())
    until(lambda: answered() == {A}, "the backend out of the answers")
    agent.close()
    hlbd.reload(with_agent(interval="150ms"))
    assert answered() == {A}
    hlbd.reload(with_agent(port=AGENT_PORT + 1))
    assert answered() == {A}
    until(lambda: words(hlbd), "the word in the file", 5)


def test_the_word_of_an_agent_goes_with_the_agent(stage, agent):
    agent.line = "drain"
    hlbd = stage.hlbd(with_agent())
    until(lambda: answered() == {A}, "the backend out of the answers")
    hlbd.reload(config(service(NAME, [A, B], answer="all")))
    assert answered() == {A, B}


def test_ready_waits_for_a_slow_agent(stage, agent):
    agent.line, agent.thinks = "drain", 1.5
    stage.hlbd(with_agent(interval="8s", timeout="8s"))
    assert answered() == {A}


def test_ready_waits_no_longer_for_an_agent_than_its_timeout(stage, agent):
    agent.thinks = 60
    hlbd = stage.hlbd(with_agent(interval="1s", timeout="1s"))
    assert answered() == {A, B}
    assert "no line in 1s" not in hlbd.log()


def test_words_that_make_no_sense_are_left_out_alone(stage, agent):
    agent.line = "drain"
    hlbd = stage.hlbd(with_agent())
    until(lambda: words(hlbd) == {"agent": {"drained": True}}, "the word in the file", 5)
    agent.close()
    hlbd.kill()
    document = json.loads(state_file(hlbd).read_text())
    nonsense = [{"weight_percent": 9e9, "state": 7}, 4711, [[["drained"]]], None, {"service": NAME}]
    sound = document["words"][0]
    document["words"] = [*nonsense, {**sound, "weight_percent": -1, "state": "sideways"}]
    state_file(hlbd).write_text(json.dumps(document))
    hlbd.restart()
    assert "state.json" not in hlbd.log()
    assert answered() == {A}
