"""Checks of type grpc against a real gRPC server, plain and over TLS, and what isn't one."""

import json

import pytest
from lookups import lookup
from waiting import until
from world import HERE, PEER_HOST, config, run, service

PORT = 50051
A, B = "127.0.7.1", "127.0.7.2"
UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)


class Server:
    """A gRPC server whose health can be set: set({"": SERVING})."""

    def __init__(self, stage, address, statuses, certificate=(), host=()):
        self.file = stage.new_folder() / "statuses.json"
        self.set(statuses)
        bracketed = f"[{address}]" if ":" in address else address
        self.program = stage.program(
            *host, "/usr/bin/python3", HERE / "grpc_backend.py", f"{bracketed}:{PORT}", self.file,
            *certificate, ready="ready",
        )  # fmt: skip

    def set(self, statuses):
        new = self.file.with_suffix(".new")
        new.write_text("" if statuses is None else json.dumps(statuses))
        new.rename(self.file)


def asked(name, addresses, **check):
    grpc = {"type": "grpc", "port": PORT, "interval": "250ms", **check}
    return service(name, addresses, check=grpc, answer="all")


def answered(name):
    return set(lookup(name).addresses)


@pytest.mark.parametrize(
    ("first", "second", "host"),
    [(A, B, ()), ("10.99.0.11", "fd99::11", PEER_HOST)],
    ids=["own host", "other host"],
)
def test_lookups_and_the_log_follow_what_the_server_says_of_itself(stage, first, second, host):
    changing = Server(stage, first, {"": SERVING}, host=host)
    Server(stage, second, {"": SERVING}, host=host)
    hlbd = stage.hlbd(config(asked("app.test", [first, second])))
    assert answered("app.test") == {first, second}
    changing.set({"": NOT_SERVING})
    until(lambda: answered("app.test") == {second}, "the server that isn't serving left out")
    hlbd.wait_for_log(rf"app\.test/{first}: up -> down: NOT_SERVING \(2 in a row\b")
    changing.set({"": SERVING})
    until(lambda: answered("app.test") == {first, second}, "the server back in the answers")
    hlbd.wait_for_log(rf"app\.test/{first}: down -> up: SERVING \(2 in a row\b")


def test_a_server_that_is_killed_is_left_out_and_comes_back(stage):
    server = Server(stage, A, {"": SERVING})
    hlbd = stage.hlbd(config(asked("app.test", [A])))
    assert answered("app.test") == {A}
    server.program.kill()
    until(lambda: not answered("app.test"), "the dead server out of the answers")
    hlbd.wait_for_log(rf"{A}: up -> down: connection refused")
    server.program.start()
    until(lambda: answered("app.test") == {A}, "the server back in the answers", 20)


# What the server says of a service → whether it passes, and the reason.
ANSWERS = {
    "serving": (SERVING, True, "SERVING"),
    "not-serving": (NOT_SERVING, False, "NOT_SERVING"),
    "unknown": (UNKNOWN, False, "UNKNOWN"),
    "service-unknown": (SERVICE_UNKNOWN, False, "SERVICE_UNKNOWN"),
    "refusing": ([7, "not for you\n"], False, r"PERMISSION_DENIED: not for you%0A"),
    "unavailable": ([14, "no store"], False, "UNAVAILABLE: no store"),
    "nobodys": (None, False, 'the server knows no service "nobodys"'),
}


def test_the_answers_for_a_service_of_the_server_are_told_apart(stage):
    Server(stage, A, {name: each[0] for name, each in ANSWERS.items() if each[0] is not None})
    services = [asked(f"{name}.test", [A], service=name) for name in ANSWERS]
    hlbd = stage.hlbd(config(*services))
    for name, (_, passes, reason) in ANSWERS.items():
        hlbd.wait_for_log(rf"{name}\.test/{A}: unknown -> (up|down): {reason} \(1 in a row\b")
        assert answered(f"{name}.test") == ({A} if passes else set())


def test_a_server_without_a_health_service_fails(stage):
    Server(stage, A, None)
    hlbd = stage.hlbd(config(asked("app.test", [A])))
    hlbd.wait_for_log(r"unknown -> down: the server has no health service \(1 in a row\b")
    assert not answered("app.test")


OTHERS = {
    "ok": r'connection reset|not HTTP/2: "HTTP/1.1 200 OK"',
    "garbage": r'connection reset|not HTTP/2: "\\x00\\xff\\x17 220 mail\.example',
    "silent": "no response in 250ms",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_server_that_speaks_no_grpc_fails(stage, kind):
    stage.backend(A, kind=kind, port=PORT)
    hlbd = stage.hlbd(config(asked("app.test", [A])))
    hlbd.wait_for_log(rf"unknown -> down: ({OTHERS[kind]})")


# ---- over TLS ----------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path):
    """The files of a certificate for app.test, and of its key."""
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -days 30 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    names = ["-subj", "/CN=app.test", "-addext", "subjectAltName=DNS:app.test"]
    run(*command.split(), *names, "-out", files[0], "-keyout", files[1])
    return files


def test_over_tls_the_server_is_asked_and_its_certificate_verified(stage, certificate):
    server = Server(stage, A, {"": SERVING}, certificate)
    patient = {"interval": "2s", "timeout": "2s"}  # as there are several handshakes at once
    trusted = {"tls": True, "ca": str(certificate[0]), **patient}
    hlbd = stage.hlbd(
        config(
            asked("app.test", [A], **trusted),
            asked("other.test", [A], **trusted),
            asked("named.test", [A], server_name="app.test", **trusted),
            asked("untrusting.test", [A], tls=True, **patient),
            asked("careless.test", [A], tls=True, verify=False, **patient),
            asked("plain.test", [A], **patient),
        )
    )
    hlbd.wait_for_log(r"app\.test/\S+: unknown -> up: SERVING")
    hlbd.wait_for_log(r"other\.test/\S+: unknown -> down: certificate is for app\.test, not for other")
    hlbd.wait_for_log(r"untrusting\.test/\S+: unknown -> down: certificate is self-signed")
    hlbd.wait_for_log(r"plain\.test/\S+: unknown -> down: connection (closed|reset)")
    for name in ("app", "named", "careless"):
        assert answered(f"{name}.test") == {A}
    server.set({"": NOT_SERVING})
    until(lambda: not answered("app.test"), "the server that isn't serving left out")
    hlbd.wait_for_log(r"app\.test/\S+: up -> down: NOT_SERVING \(2 in a row\b")


def test_a_plain_server_that_is_asked_over_tls_fails(stage):
    Server(stage, A, {"": SERVING})
    hlbd = stage.hlbd(config(asked("app.test", [A], tls=True)))
    hlbd.wait_for_log(r"unknown -> down: not TLS: ")
