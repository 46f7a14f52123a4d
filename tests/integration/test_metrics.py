"""The metrics, as Prometheus and other clients of HTTP get them."""

import signal
import socket
from pathlib import Path

import pytest
from buses import SystemBus
from lookups import lookup, lookups
from scraping import AT, metric, samples, scrape
from waiting import until
from world import config, run, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "app.test"


def backend_up(address):
    return metric(f'hlb_backend_up{{backend="{address}",service="{NAME}"}}')


@pytest.fixture
def backends(stage):
    return {address: stage.backend(address) for address in (A, B)}


@pytest.fixture
def hlbd(stage, backends):
    return stage.hlbd(config(service(NAME, [A, B]), metrics=AT))


# ---- where it is served ------------------------------------------------------------------------


@pytest.mark.parametrize("at", [AT, "[::1]:9808", "/run/hlb/metrics.sock"])
def test_metrics_are_served_where_the_configuration_says(stage, backends, at):
    stage.hlbd(config(service(NAME, [A, B]), metrics=at))
    assert metric(f'hlb_backend_up{{backend="{A}",service="{NAME}"}}', at) == 1


def test_nothing_is_served_unless_it_is_asked_for(stage, backends):
    hlbd = stage.hlbd(config(service(NAME, [A])))
    assert f"pid={hlbd.pid}," not in run("ss", "-Htlnp").stdout
    hlbd.reload(config(service(NAME, [A]), metrics=AT))
    assert f"pid={hlbd.pid}," in run("ss", "-Htlnp").stdout


@pytest.mark.parametrize("at", [AT, "/run/hlb/metrics.sock"])
def test_idle_connections_blind_nobody(stage, backends, at):
    stage.hlbd(config(service(NAME, [A, B]), metrics=at))
    family = socket.AF_UNIX if at.startswith("/") else socket.AF_INET
    where = at if at.startswith("/") else ("127.0.0.1", 9808)
    idle = [socket.socket(family, socket.SOCK_STREAM) for _ in range(100)]
    for client in idle:
        client.connect(where)
    for _ in range(6):
        assert samples(scrape(at))[f'hlb_backend_up{{backend="{A}",service="{NAME}"}}'] == 1
    for client in idle:
        client.close()


def refused(at=AT):
    host, port = at.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 1).close()
        return False
    except ConnectionRefusedError:
        return True


def test_a_reload_adds_moves_and_removes_the_endpoint(stage, backends):
    hlbd = stage.hlbd(config(service(NAME, [A])))
    assert refused()
    hlbd.reload(config(service(NAME, [A]), metrics=AT))
    checks = metric('hlb_check_total{result="passed",type="http"}')
    assert checks > 0, "what was counted before is there"
    hlbd.reload(config(service(NAME, [A]), metrics="127.0.0.1:9809"))
    assert refused()
    assert metric('hlb_check_total{result="passed",type="http"}', "127.0.0.1:9809") >= checks
    hlbd.reload(config(service(NAME, [A])))
    assert refused() and refused("127.0.0.1:9809")


def test_a_kept_connection_survives_a_reload_that_leaves_the_endpoint(hlbd):
    request = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"
    with socket.create_connection(("127.0.0.1", 9808), 5) as connection:
        for services in ([A, B], [A], [A, B]):
            connection.sendall(request)
            answer = b""
            while b"# TYPE hlb_override gauge\n" not in answer:
                more = connection.recv(65536)
                assert more
                answer += more
            assert answer.count(b"\nhlb_backend_up{") == len(services)
            after = {(A, B): [A], (A,): [A, B]}[tuple(services)]
            hlbd.reload(config(service(NAME, after), metrics=AT))


def test_a_place_that_is_taken_is_a_warning_and_a_reload_tries_again(stage, backends):
    with socket.create_server(("127.0.0.1", 9808)):
        hlbd = stage.hlbd(config(service(NAME, [A]), metrics=AT))
        hlbd.wait_for_log(r"warning metrics: can't be served at 127\.0\.0\.1:9808: Address already in use")
        assert lookup(NAME).addresses == [A]
    hlbd.reload(config(service(NAME, [A]), metrics=AT))
    assert metric(f'hlb_backend_up{{backend="{A}",service="{NAME}"}}') == 1


def test_a_file_in_the_place_of_the_socket_is_left_alone(stage, backends, tmp_path):
    (tmp_path / "kept").write_text("kept")
    hlbd = stage.hlbd(config(service(NAME, [A]), metrics=str(tmp_path / "kept")))
    hlbd.wait_for_log(r"warning metrics: can't be served at \S+/kept: File exists")
    assert (tmp_path / "kept").read_text() == "kept"


def test_the_socket_is_gone_when_hlbd_is_and_a_stale_one_is_no_hindrance(stage, backends):
    at = "/run/hlb/metrics.sock"
    hlbd = stage.hlbd(config(service(NAME, [A]), metrics=at))
    hlbd.kill()
    assert Path(at).is_socket(), "killed, it can't remove it"
    hlbd.restart()
    scrape(at)
    assert hlbd.terminate() == 0
    assert not Path(at).exists()


def test_the_socket_is_put_back_when_somebody_removes_or_replaces_it(stage, backends):
    at = Path("/run/hlb/metrics.sock")
    hlbd = stage.hlbd(config(service(NAME, [A]), metrics=str(at)))
    at.unlink()
    until(at.is_socket, "put back")
    scrape(str(at))
    at.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(at))
        theirs = at.stat().st_ino
        until(lambda: at.stat().st_ino != theirs, "in the other one's place")
        scrape(str(at))
    at.unlink()
    at.write_text("kept")
    assert hlbd.terminate() == 0
    assert at.read_text() == "kept"


# ---- what is counted ---------------------------------------------------------------------------


def test_a_dead_backend_shows_with_the_cause_and_the_time_that_it_took(hlbd, backends):
    assert backend_up(A) == backend_up(B) == 1
    assert metric(f'hlb_service_healthy_backends{{service="{NAME}"}}') == 2
    assert metric('hlb_transitions_total{cause="first"}') == 2
    backends[B].kill()
    until(lambda: backend_up(B) == 0, "the dead backend at 0")
    until(lambda: metric('hlb_detection_seconds_count{to="down"}') == 1, "the publication")
    assert backend_up(A) == 1
    assert metric(f'hlb_service_healthy_backends{{service="{NAME}"}}') == 1
    assert metric('hlb_transitions_total{cause="hard"}') == 1
    assert 0.05 <= metric('hlb_detection_seconds_sum{to="down"}') < 5
    assert metric('hlb_check_total{result="failed",type="http"}') >= 2
    assert metric("hlb_table_publications_total") >= 2
    backends[B].start()
    until(lambda: metric('hlb_detection_seconds_count{to="up"}') == 1, "the backend back")
    assert metric('hlb_transitions_total{cause="passed"}') == 1
    assert backend_up(B) == 1


def test_silence_is_told_from_refusal(stage, backends):
    stage.hlbd(config(service(NAME, [A, B], check={"timeout": "250ms"}), metrics=AT))
    backends[B].signal(signal.SIGSTOP)
    until(lambda: metric('hlb_transitions_total{cause="soft"}') == 1, "the silence")
    seen = samples(scrape())
    assert seen['hlb_transitions_total{cause="hard"}'] == 0
    quick = seen['hlb_check_duration_seconds_bucket{le="0.1",type="http"}']
    assert 0 < quick <= seen['hlb_check_duration_seconds_count{type="http"}'] - 2


def test_lookups_that_hlbd_answers_are_counted(stage, hlbd):
    over_the_bus = stage.bus_alone()

    def counted(result):
        return metric(f'hlb_lookups_total{{path="bus",result="{result}"}}')

    assert lookup(NAME).ok, "from the table"
    assert counted("answered") == 0
    assert lookups(NAME, runtime=over_the_bus, family="inet", count=3).statuses() == {"OK"}
    assert counted("answered") == 3
    lookups("foreign.test", runtime=over_the_bus, family="inet")
    assert counted("no_such_service") == 1
    assert counted("no_healthy_backend") == 0


def test_a_configuration_that_was_refused_shows_until_it_is_mended(hlbd):
    assert metric("hlb_config_last_reload_successful") == 1
    hlbd.reload("[daemon]\nlog_level = 3\n")
    assert metric("hlb_config_last_reload_successful") == 0
    assert backend_up(A) == 1
    hlbd.reload(config(service(NAME, [A, B]), metrics=AT))
    assert metric("hlb_config_last_reload_successful") == 1


def test_the_loop_says_how_late_it_is(hlbd):
    until(lambda: metric("hlb_loop_lag_seconds_count") > 0, "a turn")
    before = samples(scrape())
    hlbd.signal(signal.SIGSTOP)
    until(lambda: Path(f"/proc/{hlbd.pid}/stat").read_text().split()[2] == "T", "hlbd stopped")
    run("sleep", "0.6")
    hlbd.signal(signal.SIGCONT)
    key = "hlb_loop_lag_seconds_sum"
    until(lambda: metric(key) >= before[key] + 0.2, "the time that hlbd was stopped")


# ---- overrides ---------------------------------------------------------------------------------


def test_an_override_shows_beside_the_true_state(stage, backends):
    bus = SystemBus(stage)
    stage.hlbd(config(service(NAME, [A, B]), metrics=AT), bus="system", env=bus.env)
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    drain = ("call", "org.hlb1", "/org/hlb1", "org.hlb1.Manager", "SetOverride", "ssts",
             f"{NAME}/{B}", "drain", 0, "new disk")  # fmt: skip
    assert bus.busctl(*drain).returncode == 0
    shown = f'hlb_override{{backend="{B}",kind="drain",service="{NAME}"}}'
    until(lambda: samples(scrape()).get(shown) == 1, "the override")
    until(lambda: metric(f'hlb_service_healthy_backends{{service="{NAME}"}}') == 1, "one is left")
    assert backend_up(B) == 1
    assert metric('hlb_transitions_total{cause="override"}') == 1
