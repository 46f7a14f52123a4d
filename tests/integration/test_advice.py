"""What backends say of themselves, by an agent or in a file, as lookups through glibc show it."""

import http.server
import os
import re
import threading
import time

import pytest
from agents import AGENT_PORT, Agent
from lookups import lookup, lookups
from waiting import until
from world import PORT, config, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "advice.test"
AGENT = {"port": AGENT_PORT, "interval": "100ms"}


def answered(family="inet"):
    return set(lookup(NAME, family=family).addresses)


def share(address, count=2000):
    """Of the lookups, that which gets the address alone."""
    found = lookups(NAME, count=count, family="inet").results
    return sum(each.count for each in found if each.addresses[:1] == [address]) / count


def is_near(value, expected):
    return abs(value - expected) < 0.06


def own_trouble(hlbd):
    return "reason of this host's own" in hlbd.log()


# ---- agents ------------------------------------------------------------------------------------


def with_agent(answer="all", check=None, **keys):
    return config(service(NAME, [A, B], check, answer=answer, agent=AGENT, **keys))


@pytest.fixture
def agent(stage):
    """Both backends work; beside B there is an agent."""
    stage.backend(A, B)
    return stage.add(Agent(B, "up ready 100%"))


def test_an_agent_sets_the_weight_of_its_backend(stage, agent):
    agent.line = "50%"
    stage.hlbd(with_agent(answer="one"))
    until(lambda: is_near(share(B), 1 / 3), "a third for half the weight")
    agent.line = "300%"
    until(lambda: is_near(share(B), 3 / 4), "three quarters for three times the weight")
    agent.line = "0%"
    until(lambda: share(B, 200) == 0, "nothing for no weight")
    agent.line = "100%"
    until(lambda: is_near(share(B), 1 / 2), "half")


def test_an_agent_multiplies_the_configured_weight(stage, agent):
    agent.line = "50%"
    backends = [{"address": A, "weight": 1}, {"address": B, "weight": 6}]
    stage.hlbd(config(service(NAME, backends, answer="one", agent=AGENT)))
    until(lambda: is_near(share(B), 3 / 4), "three against one")


@pytest.mark.parametrize("word", ["drain", "maint"])
def test_an_agent_drains_its_backend_which_stays_up(stage, agent, word):
    hlbd = stage.hlbd(with_agent())
    assert answered() == {A, B}
    agent.line = word
    until(lambda: answered() == {A}, "the drained backend out of the answers")
    agent.line = "75%"  # says nothing of it
    asked = agent.asked
    until(lambda: agent.asked > asked + 2, "the agent asked again")
    assert answered() == {A}
    agent.line = "ready"
    until(lambda: answered() == {A, B}, "the backend back in the answers")
    assert f"{B}: up -> down" not in hlbd.log()


@pytest.mark.parametrize("word", ["down", "failed", "stopped"])
def test_an_agent_takes_its_backend_down_at_once_and_up_again(stage, agent, word):
    slow = {"interval": "1h", "timeout": "1s", "rise": 100, "fall": 100}
    hlbd = stage.hlbd(with_agent(check=slow))
    assert answered() == {A, B}
    agent.line = f"{word} #disk full"
    until(lambda: answered() == {A}, "the backend out of the answers", 2)
    hlbd.wait_for_log(rf'{re.escape(B)}: up -> down: agent .*says "{word} #disk full"')
    agent.line = "up"
    until(lambda: answered() == {A, B}, "the backend back in the answers", 2)
    hlbd.wait_for_log(rf'{re.escape(B)}: down -> up: agent .*says "up"')


def test_an_agent_that_says_up_does_not_help_a_dead_backend(stage):
    stage.backend(A)
    agent = stage.add(Agent(B, "up 100% ready"))
    stage.hlbd(with_agent())
    until(lambda: agent.asked > 2, "the agent asked")
    assert answered() == {A}


def test_an_agent_that_is_not_there_says_nothing(stage):
    stage.backend(A, B)
    hlbd = stage.hlbd(with_agent())
    assert answered() == {A, B}
    time.sleep(0.5)
    assert answered() == {A, B}
    assert not own_trouble(hlbd)


def test_what_an_agent_said_stands_when_it_is_gone(stage, agent):
    hlbd = stage.hlbd(with_agent())
    agent.line = "drain"
    until(lambda: answered() == {A}, "the drained backend out of the answers")
    agent.close()
    hlbd.reload(with_agent() + "# again\n")
    time.sleep(0.5)
    assert answered() == {A}
    assert not own_trouble(hlbd)


def test_an_agent_that_talks_nonsense_changes_nothing(stage, agent):
    hlbd = stage.hlbd(with_agent())
    agent.line = "HTTP/1.1 200 OK" + "x" * 5000
    asked = agent.asked
    until(lambda: agent.asked > asked + 2, "the agent asked again")
    assert answered() == {A, B}
    assert not own_trouble(hlbd)


def test_a_service_of_which_all_is_drained_has_none_to_answer(stage):
    stage.backend(A, B)
    for address in (A, B):
        stage.add(Agent(address, "drain"))
    stage.hlbd(with_agent())
    until(lambda: lookup(NAME, family="inet").status == "EAI_AGAIN", "nobody is left")


# ---- HTTP's status -----------------------------------------------------------------------------


class Web(http.server.ThreadingHTTPServer):
    """Answers everything with `status`."""

    daemon_threads = True

    def __init__(self, address, status=200):
        self.status = status
        super().__init__((address, PORT), AnswerOfWeb)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class AnswerOfWeb(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.mark.parametrize("reuse", [False, True], ids=["fresh", "kept"])
def test_a_status_that_means_drain_takes_no_new_clients_until_another_passes(stage, reuse):
    stage.backend(A)
    web = stage.add(Web(B))
    check = {"drain_status": [503], "reuse": reuse}
    hlbd = stage.hlbd(config(service(NAME, [A, B], check, answer="all"), log_level="debug"))
    assert answered() == {A, B}
    web.status = 503
    until(lambda: answered() == {A}, "the drained backend out of the answers")
    hlbd.wait_for_log("HTTP 503 Service Unavailable, which means drain")
    assert f"{B}: up -> down" not in hlbd.log()
    web.status = 500
    hlbd.wait_for_log(f"{B}: up -> down: HTTP 500")
    web.status = 200
    until(lambda: answered() == {A, B}, "the backend back in the answers")


# ---- files -------------------------------------------------------------------------------------


@pytest.fixture
def state_file(tmp_path):
    folder = tmp_path / "states"
    folder.mkdir()
    return folder / "backends"


def write(path, text):
    """Into place, as it should be done."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.replace(new, path)


def with_file(path, backends=(A, B), answer="all", **check):
    # With that interval what takes effect soon is told by inotify.
    check = {"type": "file", "path": str(path), "interval": "1h", "timeout": "1s", **check}
    return config(service(NAME, list(backends), check, answer=answer))


def test_a_file_that_is_renamed_into_place_takes_effect_at_once(stage, state_file):
    write(state_file, f"{A} up\n{B} up\n")
    hlbd = stage.hlbd(with_file(state_file))
    assert answered() == {A, B}
    write(state_file, f"{A} up\n{B} down # disk full\n")
    until(lambda: answered() == {A}, "the backend out of the answers", 2)
    hlbd.wait_for_log(rf"{re.escape(B)}: up -> down: .*backends:2: down # disk full")
    write(state_file, f"{A} up\n{B} up\n")
    until(lambda: answered() == {A, B}, "the backend back in the answers", 2)


def test_a_file_that_is_written_in_place_takes_effect_at_once(stage, state_file):
    state_file.write_text(f"{A} up\n{B} up\n")
    stage.hlbd(with_file(state_file))
    assert answered() == {A, B}
    state_file.write_text(f"{A} down\n{B} up\n")
    until(lambda: answered() == {B}, "the backend out of the answers", 2)


def test_a_file_drains_and_weighs(stage, state_file):
    write(state_file, f"{A} up\n{B} drain\n")
    hlbd = stage.hlbd(with_file(state_file, answer="one"))
    assert answered() == {A}
    write(state_file, f"{A} up\n{B} 50%\n")
    until(lambda: is_near(share(B), 1 / 3), "a third for half the weight", 5)
    write(state_file, f"{A} up\n{B} up\n")
    until(lambda: is_near(share(B), 1 / 2), "half", 5)
    assert "-> down" not in hlbd.log()


def test_a_file_tells_backends_of_one_address_apart_by_their_ports(stage, state_file):
    write(state_file, f"{A}:{PORT} down\n{A} up\n{B} up\n")
    stage.hlbd(with_file(state_file))
    assert answered() == {B}
    write(state_file, f"{A}:{PORT + 1} down\n{A} up\n{B} up\n")
    until(lambda: answered() == {A, B}, "the line of the other port left aside", 2)


def test_a_line_that_is_not_understood_is_told_and_changes_nothing(stage, state_file):
    write(state_file, f"{A} up\n{B} up\n")
    hlbd = stage.hlbd(with_file(state_file))
    write(state_file, f"{A} down\n{B} dwn\n")
    until(lambda: answered() == {B}, "the other line counts", 2)
    hlbd.wait_for_log(rf'{re.escape(str(state_file))}:2: "dwn" is none of up, down')
    write(state_file, f"{A} down\n")
    time.sleep(0.5)
    assert answered() == {B}


def test_a_file_that_lacks_a_line_is_told_once_with_the_backend_and_is_not_the_hosts(
    stage, state_file
):
    write(state_file, f"{A} up\n")
    hlbd = stage.hlbd(with_file(state_file, interval="200ms", timeout="200ms"))
    named = rf"file {re.escape(B)}:{PORT} of {NAME}"
    hlbd.wait_for_log(rf"warning {named} finds nothing out, and its state stays: .*no line for {B}")
    time.sleep(1)
    write(state_file, f"{A} up\n{B} up\n")
    hlbd.wait_for_log(rf"info over after \d+s: {named} had found nothing out: .* no line for {B}")
    assert hlbd.log().count("no line for") == 2
    assert not own_trouble(hlbd)


def test_a_file_that_is_not_there_yet_is_told_and_waited_for(stage, state_file):
    hlbd = stage.hlbd(with_file(state_file))
    hlbd.wait_for_log(rf"{re.escape(str(state_file))}: cannot be read: No such file")
    assert lookup(NAME, family="inet").status == "EAI_AGAIN"
    write(state_file, f"{A} up\n{B} up\n")
    until(lambda: answered() == {A, B}, "both in the answers", 2)


def test_a_file_that_is_too_old_says_nothing_any_more_and_is_told(stage, state_file):
    write(state_file, f"{A} up\n{B} up\n")
    hlbd = stage.hlbd(with_file(state_file, interval="200ms", timeout="200ms", max_age="1s"))
    assert answered() == {A, B}
    hlbd.wait_for_log(r"hasn't changed for \d+s, longer than the 1s of max_age")
    assert answered() == {A, B}
    write(state_file, f"{A} up\n{B} down\n")
    until(lambda: answered() == {A}, "a new file counts", 2)


def test_a_heartbeat_that_stops_takes_its_backends_out_until_it_goes_on(stage, state_file):
    write(state_file, f"{A} up\n{B} up\n")
    often = {"interval": "200ms", "timeout": "200ms"}
    hlbd = stage.hlbd(with_file(state_file, **often, max_age="1s", when_old="down"))
    hlbd.wait_for_log(rf"{A}: up -> down: .*hasn't changed for \d+s, longer than the 1s of max_age")
    until(lambda: not answered(), "neither is answered")
    write(state_file, f"{A} up\n{B} up\n")
    until(lambda: answered() == {A, B}, "both are answered")
    state_file.unlink()
    hlbd.wait_for_log(rf"{A}: up -> down: .*cannot be read: No such file")


def test_a_folder_that_is_replaced_is_followed_within_the_interval(stage, state_file):
    write(state_file, f"{A} up\n{B} up\n")
    stage.hlbd(with_file(state_file, interval="200ms", timeout="200ms"))
    assert answered() == {A, B}
    folder = state_file.parent
    folder.rename(folder.with_name("old"))
    folder.mkdir()
    write(state_file, f"{A} down\n{B} up\n")
    until(lambda: answered() == {B}, "the new folder's file", 5)


def test_one_change_among_many_backends_of_a_file_takes_effect_at_once(stage, state_file):
    many = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(4000)]
    lines = [f"{address} up\n" for address in many]
    write(state_file, "".join(lines))
    stage.hlbd(with_file(state_file, many, answer="one"))
    only = many[1234]
    write(state_file, "".join(f"{each} {'up' if each == only else 'down'}\n" for each in many))
    until(lambda: answered() == {only}, "one backend is left", 5)
    write(state_file, "".join(lines))
    until(lambda: answered() != {only}, "the others are back", 5)


def test_a_file_check_stands_beside_others(stage, state_file):
    stage.backend(A)
    write(state_file, f"{A} up\n{B} up\n")
    text = with_file(state_file).replace("check = {", "check = [{").rstrip()
    text += f', {{ type = "tcp", port = {PORT}, interval = "250ms" }}]\n'
    stage.hlbd(text)
    assert answered() == {A}
    write(state_file, f"{A} down\n{B} up\n")
    until(lambda: lookup(NAME, family="inet").status == "EAI_AGAIN", "nobody is left", 2)
