"""Checks over TLS against nginx and openssl s_server: each way to pass, to fail and to warn."""

import re
import socket

import pytest
from authority import Authority
from lookups import lookup
from scraping import AT, samples, scrape
from waiting import until
from world import BUILD, config, run, service

PORT = 8443
NGINX, S_SERVER, NOBODY = "127.0.0.21", "127.0.0.22", "127.0.0.23"
DOMAIN = "tls.test"


def nginx(stage, servers):
    """An nginx with a server at NGINX for each port: ports → its certificate and settings."""
    folder = stage.new_folder()
    blocks = "".join(
        f"server {{ listen {NGINX}:{port} ssl; ssl_certificate {certificate};\n"
        f"  ssl_certificate_key {certificate.replace('.pem', '.key')}; {settings}\n"
        "  location / { return 200 'ready\\n'; } }\n"
        for port, (certificate, settings) in servers.items()
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr info;\n"
        "events {}\nhttp {\n"
        "client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
        "scgi_temp_path scgi; uwsgi_temp_path uwsgi;\n"
        "log_format tls '$server_port $ssl_protocol reused=$ssl_session_reused. '\n"
        "               'request=$connection_requests $status \"$ssl_client_s_dn\"';\n"
        f"ssl_protocols TLSv1.2 TLSv1.3;\naccess_log {folder}/access tls;\n{blocks}}}\n"
    )
    program = stage.program("/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf")
    program.access = lambda port: [
        line for line in (folder / "access").read_text().splitlines() if line.startswith(str(port))
    ]
    for port in servers:
        until(lambda port=port: listens(program, NGINX, port), f"nginx at port {port}")
    return program


def s_server(stage, port, certificate, *options):
    program = stage.program(
        "openssl", "s_server", "-accept", f"{S_SERVER}:{port}", "-www", "-cert", certificate,
        "-key", certificate.replace(".pem", ".key"), *options,
        ready="ACCEPT",
    )  # fmt: skip
    return program


def listens(program, address, port):
    assert program.running(), program.log()
    with socket.socket() as client:
        return client.connect_ex((address, port)) == 0


# ---- what is up --------------------------------------------------------------------------------


class Scene:
    """A service for each case, `case`.tls.test, with a backend of its own."""

    def __init__(self, stage):
        self.stage = stage
        folder = stage.new_folder()
        self.ours = Authority(folder, "Test Authority")
        self.theirs = Authority(folder, "Other Authority")
        good = self.ours.issue("good", [f"*.{DOMAIN}"])
        self.client = self.ours.issue("client", ["client.test"])
        alone = self.ours.openssl("req -x509 -days 30 -addext subjectAltName=DNS:a.test", "alone")
        demands = f"ssl_verify_client on; ssl_client_certificate {self.ours.certificate};"
        self.nginx = nginx(
            stage,
            {
                8443: (good, ""),
                8444: (self.ours.issue("old", [f"*.{DOMAIN}"], from_day=-40), ""),
                8445: (self.ours.issue("new", [f"*.{DOMAIN}"], from_day=5), ""),
                8446: (self.ours.issue("wrong", ["a.test", "b.test"]), ""),
                8447: (self.theirs.issue("alien", [f"*.{DOMAIN}"]), ""),
                8448: (alone, ""),
                8449: (good, "ssl_reject_handshake on;"),
                8450: (good, "ssl_protocols TLSv1.2;"),
                8451: (good, "keepalive_requests 5;"),
                8452: (good, demands),
            },
        )
        strict = ("-Verify", "1", "-verify_return_error", "-CAfile", self.ours.certificate)
        self.strict = {
            8443: s_server(stage, 8443, good, "-tls1_3", *strict),
            8444: s_server(stage, 8444, good, "-tls1_2", *strict),
        }
        self.services = []

    def add(self, case, backend, port, **check):
        if check.get("verify", True):
            check = {"ca": self.ours.certificate, **check}
        check = {"port": port, "type": "https", **check}
        self.services.append(service(f"{case}.{DOMAIN}", [backend], check=check))


# Each failure: its backend, its check, and the reason.
FAILURES = {
    "expired": (NGINX, 8444, {}, r"certificate expired 10 days ago, on 20..-..-.."),
    "early": (NGINX, 8445, {}, r"certificate is not valid before 20..-..-.."),
    "name": (NGINX, 8446, {}, rf"certificate is for a\.test, b\.test, not for name\.{DOMAIN}"),
    "unknown": (NGINX, 8447, {}, "certificate of an unknown authority: Other Authority"),
    "alone": (NGINX, 8448, {}, "certificate is self-signed"),
    "rejected": (NGINX, 8449, {}, r"TLS refused: unrecognized name \(alert 112\)"),
    "demand": (NGINX, 8452, {}, "HTTP 400 Bad Request"),
    "demand13": (S_SERVER, 8443, {}, "client certificate demanded: certificate required"),
    "demand12": (S_SERVER, 8444, {}, "client certificate demanded: handshake failure"),
    "plain": (NOBODY, 8443, {}, r'not TLS: "HTTP/1\.1 200 OK'),
    "silent": (NOBODY, 8444, {}, "no TLS handshake in 250ms"),
    "gone": (NOBODY, 8445, {}, "connection refused"),
    "body": (NGINX, 8443, {"expect_body": "never"}, "HTTP 200 OK, but the body has no \"never\""),
    "tls-expired": (NGINX, 8444, {"type": "tls"}, "certificate expired 10 days ago"),
    "tls-demand": (S_SERVER, 8443, {"type": "tls"}, "client certificate demanded: "),
    "tls-short": (
        NGINX,
        8443,
        {"type": "tls", "min_validity": "60d", "fail_early": True},
        "certificate ends in (29|30) days, on 20..-..-.., sooner than min_validity",
    ),
}

PASSES = {
    "good": (NGINX, 8443, {"expect_body": "ready"}),
    "tls12": (NGINX, 8450, {}),
    "kept": (NGINX, 8451, {"reuse": True}),
    "named": (NGINX, 8446, {"server_name": "b.test"}),
    "unverified": (NGINX, 8448, {"verify": False}),
    "tls": (NGINX, 8443, {"type": "tls", "min_validity": "14d"}),
    "tls-warned": (NGINX, 8443, {"type": "tls", "min_validity": "60d"}),
    "shown": (NGINX, 8452, {"client": True}),
    "shown13": (S_SERVER, 8443, {"client": True}),
    "shown12": (S_SERVER, 8444, {"client": True, "type": "tls"}),
}


@pytest.fixture(scope="module")
def scene(file_stage):
    scene = Scene(file_stage)
    file_stage.backend(NOBODY, port=8443)
    file_stage.backend(NOBODY, port=8444, kind="silent")
    for case, (backend, port, check, _) in FAILURES.items():
        scene.add(case, backend, port, **check)
    for case, (backend, port, check) in PASSES.items():
        if check.get("client"):
            key = scene.client.replace(".pem", ".key")
            check = {**check, "certificate": scene.client, "key": key}
            del check["client"]
        scene.add(case, backend, port, **check)
    scene.hlbd = file_stage.hlbd(config(*scene.services, log_level="debug", metrics=AT))
    return scene


# ---- the verdicts ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", FAILURES)
def test_a_backend_is_left_out_for_a_reason_that_the_log_tells(scene, case):
    backend, _, _, reason = FAILURES[case]
    scene.hlbd.wait_for_log(rf"{case}\.{DOMAIN}/{re.escape(backend)}: \w+ -> down: {reason}")
    assert lookup(f"{case}.{DOMAIN}", family="inet").status == "EAI_AGAIN"


@pytest.mark.parametrize("case", PASSES)
def test_a_backend_is_answered(scene, case):
    def answered():
        return lookup(f"{case}.{DOMAIN}", family="inet").addresses == [PASSES[case][0]]

    until(answered, f"{case}.{DOMAIN} is answered")
    assert f"{case}.{DOMAIN}/{PASSES[case][0]}: up -> down" not in scene.hlbd.log()


def test_a_certificate_that_ends_soon_is_warned_of(scene):
    scene.hlbd.wait_for_log(
        r"passes with a warning: certificate ends in (29|30) days, on 20..-..-.., "
        "sooner than min_validity"
    )


@pytest.mark.parametrize("case", PASSES)
def test_the_metrics_tell_how_long_a_certificate_is_valid(scene, case):
    name = "hlb_backend_certificate_remaining_seconds"
    of = f'{{backend="{PASSES[case][0]}",service="{case}.{DOMAIN}"}}'
    left = until(lambda: samples(scrape()).get(name + of), "the certificate")
    assert 28 * 86400 < left < 31 * 86400


@pytest.mark.parametrize(("port", "version"), [(8443, "TLSv1.3"), (8450, "TLSv1.2")])
def test_sessions_are_resumed(scene, port, version):
    lines = until(lambda: len(scene.nginx.access(port)) > 20 and scene.nginx.access(port), "checks")
    fresh = [line for line in lines if "reused=." in line]
    assert all(version in line for line in lines), lines
    # The first of each check; the one for "body" never passes, and resumes all the same.
    assert len(fresh) <= 2, lines


def test_a_kept_connection_takes_request_after_request(scene):
    def kept():
        lines = scene.nginx.access(8451)
        return len(lines) > 11 and lines

    requests = [re.search(r"request=(\d+)", line).group(1) for line in until(kept, "checks")]
    assert requests[:10] == ["1", "2", "3", "4", "5"] * 2


def test_the_client_certificate_is_shown(scene):
    until(lambda: any("CN=client" in line for line in scene.nginx.access(8452)), "a request")


def test_checks_that_pass_leave_no_error_in_the_log_of_nginx(scene):
    until(lambda: len(scene.nginx.access(8443)) > 10, "checks")
    assert not re.search(r"\[(warn|error|crit|alert|emerg)\]", scene.nginx.log())


# ---- changes -----------------------------------------------------------------------------------


def another_hlbd(stage, folder, text, **options):
    """Beside the one of the scene."""
    (folder / "run").mkdir(exist_ok=True)
    return stage.hlbd(text, runtime=folder / "run", **options)


def test_a_file_that_changes_is_read_again(stage, tmp_path):
    ours, theirs = Authority(tmp_path, "Test Authority"), Authority(tmp_path, "Other Authority")
    nginx(stage, {8460: (theirs.issue("alien", ["changes.test"]), "")})
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(open(ours.certificate).read())
    check = {"type": "https", "port": 8460, "ca": str(trusted)}
    hlbd = another_hlbd(stage, tmp_path, config(service("changes.test", [NGINX], check=check)))
    hlbd.wait_for_log("-> down: certificate of an unknown authority: Other Authority")
    trusted.write_text(open(theirs.certificate).read())
    hlbd.wait_for_log("down -> up: HTTP 200 OK")


def test_the_authorities_of_the_system_are_trusted_by_default(stage, tmp_path):
    ours = Authority(tmp_path, "Test Authority")
    nginx(stage, {8461: (ours.issue("good", ["system.test"]), "")})
    text = config(service("system.test", [NGINX], check={"type": "tls", "port": 8461}))
    hlbd = another_hlbd(stage, tmp_path, text)
    hlbd.wait_for_log("-> down: certificate of an unknown authority: Test Authority")
    hlbd.kill()
    # Where OpenSSL looks for them in place of /usr/lib/ssl.
    another_hlbd(stage, tmp_path, text, env={"SSL_CERT_FILE": ours.certificate})
    assert lookup("system.test", family="inet", runtime=tmp_path / "run").addresses == [NGINX]


def test_hlbd_ends_well_in_the_middle_of_reading_certificates(stage, tmp_path):
    many = tmp_path / "many.pem"
    many.write_text(Authority(tmp_path, "Test Authority").read() * 20_000)
    text = config(service("many.test", [NGINX], check={"type": "tls", "port": 8462}))
    hlbd = another_hlbd(stage, tmp_path, text, env={"SSL_CERT_FILE": str(many)})
    for _ in range(10):
        assert hlbd.terminate() == 0
        hlbd.restart()


def test_a_key_that_does_not_fit_is_a_fault_of_the_configuration(tmp_path):
    ours = Authority(tmp_path, "Test Authority")
    certificate = ours.issue("mine", ["a.test"])
    check = {"type": "https", "port": 1, "certificate": certificate, "key": ours.path(ours.name, "key")}
    file = tmp_path / "hlbd.toml"
    file.write_text(config(service("a.test", [NGINX], check=check)))
    result = run(BUILD / "hlbd", "--config", file, "--check-config", check=False)
    assert result.returncode == 1
    assert re.search(
        r"hlbd\.toml:\d+:\d+: \".*Test-Authority\.key\" is not the key of the certificate; give the "
        "one that was made for it",
        result.stdout + result.stderr,
    )
