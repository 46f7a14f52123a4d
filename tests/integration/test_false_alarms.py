"""What is no death must not look like one: restarts, hand-overs and reloads of backends."""

import random
import signal
import socket
import time

from scraping import AT, samples, scrape
from servers import Nginx, listens
from waiting import until
from world import PORT, config, service

STAYS, RESTARTS = "127.0.0.11", "127.0.0.12"
NAME = "app.test"
PATIENT = {"interval": "2s", "timeout": "1s"}


def watched(stage, **check):
    """Beside a backend that stays, the one that isn't always there."""
    stage.backend(STAYS)
    services = service(NAME, [STAYS, RESTARTS], {**PATIENT, **check}, answer="all")
    return stage.hlbd(config(services, metrics=AT, log_level="debug"))


def listener():
    return socket.create_server((RESTARTS, PORT), backlog=64, reuse_port=True)


def failed():
    return sum(
        value for name, value in samples(scrape(AT)).items()
        if name.startswith("hlb_check_total") and 'result="failed"' in name
    )  # fmt: skip


def no_transition(hlbd):
    assert "up -> down" not in hlbd.log()


def test_a_listener_away_for_less_than_the_confirmation_takes_no_backend_down(stage):
    chance = random.Random(1)
    listening = listener()
    hlbd = watched(stage, type="tcp")
    for _ in range(48):
        listening.close()
        time.sleep(chance.uniform(0.002, 0.045))
        listening = listener()
        time.sleep(0.15)  # so that a suspect is confirmed, or back
    assert failed() > 0, "none was away when it was probed"
    until(lambda: f'backend="{RESTARTS}"' not in suspects(), "no suspect is left")
    no_transition(hlbd)
    listening.close()


def suspects():
    return [name for name, value in samples(scrape(AT)).items()
            if name.startswith("hlb_backend_suspect") and value == 1]  # fmt: skip


def test_a_listener_that_is_handed_over_is_never_suspected(stage):
    listening = listener()
    watched(stage, type="tcp")
    for _ in range(20):
        successor = listener()
        listening.close()
        listening = successor
        time.sleep(0.02)
    assert failed() == 0
    listening.close()


WITH_MASTER = "daemon off; master_process on; worker_processes 2;"


def test_a_reload_of_nginx_is_never_suspected(stage):
    nginx = Nginx(stage, RESTARTS, PORT, processes=WITH_MASTER)
    watched(stage, interval="1s", reuse=True)
    for _ in range(5):
        nginx.program.signal(signal.SIGHUP)
        time.sleep(0.5)
    assert nginx.program.running()
    assert failed() == 0


def test_a_new_haproxy_that_takes_over_is_never_suspected(stage):
    settings = stage.new_folder() / "haproxy.cfg"
    settings.write_text(
        "defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n"
        f"frontend app\n  bind {RESTARTS}:{PORT}\n  http-request return status 200\n"
    )
    haproxy = ("/usr/sbin/haproxy", "-db", "-f", settings)
    before = stage.program(*haproxy)
    until(lambda: listens(RESTARTS, PORT), "HAProxy listens")
    watched(stage, interval="1s")
    for _ in range(4):
        after = stage.program(*haproxy, "-sf", before.pid)
        until(lambda: not before.running(), "the one before has finished", 20)
        before = after
        time.sleep(0.5)
    assert failed() == 0
