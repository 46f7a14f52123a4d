"""The checks against real servers: each passes, and each way to fail is told apart in the log."""

import re
import signal
import sys

import pytest
from lookups import lookup
from servers import POSTGRES, Mariadb, Nginx, haproxy, postgres, redis
from waiting import until
from world import PEER_HOST, config, run, service

# The timeout is long enough for a loaded machine.
QUICK = {"interval": "1s", "timeout": "1s"}


def wait_until_up(hlbd, name):
    return hlbd.wait_for_log(rf" {name}/\S+: \w+ -> up: (.*) \(\d in a row\b")[1]


def wait_until_down(hlbd, name):
    return hlbd.wait_for_log(rf" {name}/\S+: \w+ -> down: (.*) \(\d in a row\b")[1]


def see(hlbd, cases):
    """Checks the first verdict on each service: {name: (up or down, reason in the log)}."""
    for name, (state, reason) in cases.items():
        told = hlbd.wait_for_log(rf" {name}/\S+: unknown -> (\w+): (.*) \(1 in a row\b")
        assert (told[1], told[2]) == (state, reason), name
        assert lookup(name).ok == (state == "up")


# ---- nginx -------------------------------------------------------------------------------------

WEB, WEB_PORT = "127.0.0.31", 8090

NGINX_CASES = {
    "plain": ({}, "up", "HTTP 200 OK"),
    "body": ({"expect_body": "ready"}, "up", "HTTP 200 OK"),
    "body-regex": ({"expect_body": {"regex": "^ready to \\w+\n$"}}, "up", "HTTP 200 OK"),
    "body-other": (
        {"expect_body": "asleep"}, "down", 'HTTP 200 OK, but the body has no "asleep"',
    ),
    "head": ({"method": "HEAD"}, "up", "HTTP 200 OK"),
    "moved": (
        {"path": "/moved"}, "up",
        f"HTTP 301 Moved Permanently, Location: http://{WEB}:{WEB_PORT}/target",
    ),
    "moved-refused": (
        {"path": "/moved", "expect_status": 200}, "down",
        f"HTTP 301 Moved Permanently, Location: http://{WEB}:{WEB_PORT}/target",
    ),
    "missing": ({"path": "/missing"}, "down", "HTTP 404 Not Found"),
    "missing-wanted": (
        {"path": "/missing", "expect_status": [404, "500-502"]}, "up", "HTTP 404 Not Found",
    ),
    "error": ({"path": "/error"}, "down", "HTTP 500 Internal Server Error"),
    "particular": (
        {"path": "/particular", "host": "app.example", "headers": {"X-Probe": "7"}}, "up",
        "HTTP 200 OK",
    ),
    "particular-host": (
        {"path": "/particular", "headers": {"X-Probe": "7"}}, "down",
        "HTTP 421 Misdirected Request",
    ),
    "particular-header": (
        {"path": "/particular", "host": "app.example"}, "down", "HTTP 403 Forbidden",
    ),
}  # fmt: skip


def nginx_service(name, check=None, address=WEB):
    return service(name, [address], {**QUICK, "port": WEB_PORT, **(check or {})})


def test_nginx_is_judged_by_status_body_host_and_headers(stage):
    nginx = Nginx(stage, WEB, WEB_PORT)
    hlbd = stage.hlbd(
        config(*[nginx_service(name, check) for name, (check, _, _) in NGINX_CASES.items()])
    )
    see(hlbd, {name: told for name, (_, *told) in NGINX_CASES.items()})
    asked = {(method, target) for _, method, target in nginx.requests()}
    assert ("HEAD", "/") in asked
    assert not [target for _, target in asked if target == "/target"], "a redirect was followed"


def test_nginx_stopped_and_killed_are_told_apart(stage):
    nginx = Nginx(stage, WEB, WEB_PORT)
    hlbd = stage.hlbd(
        config(nginx_service("fresh.test"), nginx_service("kept.test", {"reuse": True}))
    )
    nginx.program.signal(signal.SIGSTOP)
    assert {wait_until_down(hlbd, name) for name in ("fresh.test", "kept.test")} == {
        "no response in 1s"
    }
    nginx.program.signal(signal.SIGCONT)
    for name in ("fresh.test", "kept.test"):
        hlbd.wait_for_log(f" {name}/{WEB}: down -> up: HTTP 200 OK")
    nginx.program.kill()
    for name in ("fresh.test", "kept.test"):
        hlbd.wait_for_log(f" {name}/{WEB}: up -> down: connection refused")


def test_reuse_keeps_one_connection_until_nginx_closes_it_and_never_fails(stage):
    nginx = Nginx(stage, WEB, WEB_PORT, keepalive_requests=4)
    kept = {"reuse": True, "interval": "200ms", "timeout": "200ms"}
    hlbd = stage.hlbd(config(nginx_service("kept.test", kept)))
    until(lambda: len(nginx.requests()) >= 12, "12 requests")
    connections = [connection for connection, _, _ in nginx.requests()[:12]]
    assert [connections.count(each) for each in dict.fromkeys(connections)] == [4, 4, 4]
    assert "-> down" not in hlbd.log()


def test_each_check_takes_a_connection_of_its_own_without_reuse(stage):
    nginx = Nginx(stage, WEB, WEB_PORT)
    stage.hlbd(config(nginx_service("fresh.test", {"interval": "50ms", "timeout": "50ms"})))
    until(lambda: len(nginx.requests()) > 5, "5 requests")
    connections = [connection for connection, _, _ in nginx.requests()]
    assert len(set(connections)) == len(connections)


@pytest.mark.parametrize("version, client", [(1, "client=127.0.0.1"), (2, "client=-")])
def test_nginx_that_expects_the_proxy_protocol_gets_it_ahead_of_all_else(stage, version, client):
    nginx = Nginx(stage, WEB, WEB_PORT, listen=" proxy_protocol")
    hlbd = stage.hlbd(
        config(
            nginx_service("fresh.test", {"proxy": version, "expect_body": "ready"}),
            nginx_service("kept.test", {"proxy": version, "reuse": True}),
            nginx_service("connect.test", {"type": "tcp", "proxy": version}),
            nginx_service("without.test"),
        )
    )
    see(
        hlbd,
        {
            "fresh.test": ("up", "HTTP 200 OK"),
            "kept.test": ("up", "HTTP 200 OK"),
            "connect.test": ("up", "connected"),
        },
    )
    hlbd.wait_for_log(r" without\.test/\S+: unknown -> down: connection")
    until(lambda: len(nginx.requests()) > 5, "5 requests")
    assert set(nginx.clients()) == {client}
    assert "kept.test" not in re.findall(r" (\S+)/\S+: up -> down", hlbd.log())


# ---- HAProxy, Python ---------------------------------------------------------------------------


def test_haproxy_fails_by_http_when_no_server_is_left_while_tcp_goes_on(stage):
    nginx = Nginx(stage, WEB, WEB_PORT)
    haproxy(stage, "127.0.0.32", 8091, servers=[f"{WEB}:{WEB_PORT} check inter 200"])
    haproxy(stage, "127.0.0.33", 8091)
    check = {**QUICK, "port": 8091}
    hlbd = stage.hlbd(
        config(
            service("served", ["127.0.0.32"], check),
            service("served-tcp", ["127.0.0.32"], {**check, "type": "tcp"}),
            service("empty", ["127.0.0.33"], check),
            service("empty-tcp", ["127.0.0.33"], {**check, "type": "tcp"}),
        )
    )
    see(
        hlbd,
        {
            "served": ("up", "HTTP 200 OK"),
            "served-tcp": ("up", "connected"),
            "empty": ("down", "HTTP 503 Service Unavailable"),
            "empty-tcp": ("up", "connected"),
        },
    )
    nginx.program.kill()
    assert wait_until_down(hlbd, "served") in (
        "HTTP 503 Service Unavailable",  # HAProxy has seen that its server is dead …
        "no response in 1s",  # … or still tries to reach it
        "HTTP 502 Bad Gateway",
    )
    assert "served-tcp/127.0.0.32: up -> down" not in hlbd.log()


def test_pythons_web_server_passes_and_fails(stage):
    folder = stage.new_folder()
    (folder / "there").write_text("yes\n")
    stage.program(sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.34", "--directory",
                  folder, 8090, ready="Serving HTTP")  # fmt: skip
    web = lambda name, check: nginx_service(name, check, "127.0.0.34")  # noqa: E731
    hlbd = stage.hlbd(
        config(
            web("there", {"path": "/there", "expect_body": "yes"}),
            web("not-there", {"path": "/not-there"}),
            web("method", {"method": "OPTIONS"}),
        )
    )
    see(
        hlbd,
        {
            "there": ("up", "HTTP 200 OK"),
            "not-there": ("down", "HTTP 404 File not found"),
            "method": ("down", "HTTP 501 Unsupported method ('OPTIONS')"),
        },
    )


# ---- protocols by tcp's send and expect --------------------------------------------------------


def test_redis_is_asked_by_ping_and_its_refusal_is_told(stage):
    mortal = redis(stage, "127.0.0.35", 6390)
    redis(stage, "127.0.0.36", 6390, "--requirepass", "secret")
    ping = {**QUICK, "type": "tcp", "port": 6390, "send": "PING\r\n", "expect": "+PONG"}
    hlbd = stage.hlbd(
        config(
            service("redis", ["127.0.0.35"], ping),
            service("no-password", ["127.0.0.36"], ping),
            service("password", ["127.0.0.36"], {**ping, "send": "AUTH secret\r\nPING\r\n"}),
        )
    )
    see(
        hlbd,
        {
            "redis": ("up", 'got "+PONG"'),
            "no-password": (
                "down",
                'no "+PONG" in 1s, but "-NOAUTH Authentication required.\\r\\n"',
            ),
            "password": ("up", 'got "+PONG"'),
        },
    )
    mortal.signal(signal.SIGSTOP)
    assert wait_until_down(hlbd, "redis") == "no response in 1s"
    mortal.signal(signal.SIGCONT)
    hlbd.wait_for_log(r'redis/\S+: down -> up: got "\+PONG"')
    mortal.kill()
    hlbd.wait_for_log(r"redis/\S+: up -> down: connection refused")


def test_a_mail_server_is_told_by_its_greeting(stage):
    stage.backend("127.0.0.37", kind="mail")
    stage.backend("127.0.0.38", kind="mail_closed")
    stage.backend("127.0.0.39", kind="silent")
    greeting = {**QUICK, "type": "tcp", "expect": "220 "}
    hlbd = stage.hlbd(
        config(
            service("mail", ["127.0.0.37"], greeting),
            service("closed", ["127.0.0.38"], greeting),
            service("silent", ["127.0.0.39"], greeting),
            log_level="debug",
        )
    )
    see(
        hlbd,
        {
            "mail": ("up", 'got "220 "'),
            "closed": ("down", 'expected "220 ", got "554 mail.example no service\\r\\n"'),
            "silent": ("down", "no response in 1s"),
        },
    )
    # It is greeted at once, without the 40 ms or more for which the kernel may hold back an ACK.
    passes = re.compile(r'got "220 " after (\d+)us')
    until(lambda: len(passes.findall(hlbd.log())) >= 5, "five greetings")
    assert min(int(each) for each in passes.findall(hlbd.log())) < 30_000


@pytest.mark.skipif(not POSTGRES, reason="PostgreSQL is not installed")
def test_postgresql_is_asked_by_its_sslrequest(stage):
    address, port = "127.0.0.41", 5490
    mortal = postgres(stage, address, port)
    request = {"hex": "00 00 00 08 04 d2 16 2f"}
    check = {**QUICK, "type": "tcp", "port": port}
    hlbd = stage.hlbd(
        config(
            service("plain", [address], {**check, "send": request, "expect": "N"}),
            service("hex", [address], {**check, "send": request, "expect": {"hex": "4e"}}),
            service("tls", [address], {**check, "send": request, "expect": "S"}),
        )
    )
    see(
        hlbd,
        {
            "plain": ("up", 'got "N"'),
            "hex": ("up", 'got "N"'),
            "tls": ("down", 'no "S" in 1s, but "N"'),
        },
    )
    mortal.kill()
    assert wait_until_down(hlbd, "plain") == "connection refused"


def test_redis_is_asked_in_steps(stage):
    redis(stage, "127.0.0.42", 6390, "--requirepass", "secret")
    steps = [{"send": "PING\r\n"}, {"expect": "-NOAUTH"}, {"send": "AUTH secret\r\n"},
             {"expect": "+OK"}, {"send": "PING\r\n"}, {"expect": "+PONG"}]  # fmt: skip
    check = {**QUICK, "type": "tcp", "port": 6390}
    hlbd = stage.hlbd(
        config(
            service("steps", ["127.0.0.42"], {**check, "steps": steps}),
            service("wrong", ["127.0.0.42"], {**check, "steps": steps[2:3] + steps[5:]}),
        )
    )
    see(
        hlbd,
        {
            "steps": ("up", 'got "+PONG"'),
            "wrong": ("down", 'no "+PONG" in 1s, but "+OK\\r\\n"'),
        },
    )


# ---- a plain connect ---------------------------------------------------------------------------

# Prints a line for each connection that accept() gives it.
COUNTER = """
import socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    listener.accept()
    print("accepted", flush=True)
"""


def time_waits(address, port, host=()):
    """The connections of both sides that `host` still keeps."""
    either = f"( sport = :{port} or dport = :{port} )"
    kept = run(*host, "ss", "-Htan", "state", "time-wait", either)
    return [line for line in kept.stdout.splitlines() if address in line]


@pytest.mark.parametrize(
    "address, host", [("127.0.0.40", ()), ("10.99.0.11", PEER_HOST), ("fd99::11", PEER_HOST)],
    ids=["loopback", "another host", "another host, IPv6"],
)  # fmt: skip
def test_a_plain_connect_neither_wakes_the_application_nor_leaves_time_wait(stage, address, host):
    port = 8095
    family = "AF_INET6" if ":" in address else "AF_INET"
    script = COUNTER.replace("int(sys.argv[2])))", f"int(sys.argv[2])), family=socket.{family})")
    counter = stage.program(*host, sys.executable, "-c", script, address, port, ready="ready")
    check = {"type": "tcp", "port": port, "interval": "20ms", "timeout": "20ms", "rise": 1}
    hlbd = stage.hlbd(config(service("plain.test", [address], check), log_level="debug"))
    until(lambda: hlbd.log().count(": connected after") > 100, "100 checks")
    assert "accepted" not in counter.log()
    assert not time_waits(address, port) and not time_waits(address, port, host)
    # By which it would show:
    run(sys.executable, "-c", f"import socket; socket.create_connection(({address!r}, {port}))")
    counter.wait_for_log("accepted")


def test_mariadb_neither_counts_a_plain_connect_as_aborted_nor_blocks_this_host(stage):
    # From another host, since MariaDB never blocks a local one.
    address, port = "10.99.0.12", 3390
    mariadb = Mariadb(stage, address, port, "--max-connect-errors=5", host=PEER_HOST)
    aborted = ("Aborted_connects", "Aborted_connects_preauth", "Aborted_clients")
    before = {name: mariadb.status(name) for name in aborted}
    connections = mariadb.status("Connections")
    plain = {"type": "tcp", "port": port, "interval": "20ms", "timeout": "20ms"}
    hlbd = stage.hlbd(config(service("db.test", [address], plain), log_level="debug"))
    until(lambda: hlbd.log().count(": connected after") > 100, "100 checks")
    assert {name: mariadb.status(name) for name in aborted} == before
    assert mariadb.status("Connections") <= connections + 5, "these are our own, to ask"
    # Not blocked: it greets. To be greeted and to leave does count, by which it would show.
    greeting = {**plain, "interval": "100ms", "timeout": "100ms", "expect": "MariaDB"}
    hlbd.reload(config(service("db.test", [address], greeting), log_level="debug"))
    until(lambda: hlbd.log().count(': got "MariaDB" after') > 10, "10 greetings")
    assert mariadb.status("Aborted_connects") > before["Aborted_connects"]
