"""The page, the status as JSON and /healthz, beside the metrics."""

import base64
import contextlib
import gzip
import hashlib
import json
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hlbctl import hlbctl
from pages import Page, get, headers, page, status
from scraping import AT, samples, scrape
from waiting import until
from world import PORT, config, run, service

A, B, C, D, E, F = (f"127.0.0.{i}" for i in range(11, 17))
NAME, OTHER = "app.test", "other.test"
EVIL = "<script>alert(1)</script>&\"'"


def at(address, **settings):
    return {"address": address, **settings}


@contextlib.contextmanager
def server_that_says(phrase, address=C):
    """An HTTP server whose status is 503, with this reason phrase."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(503, phrase)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer((address, PORT), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def hlbd(stage, bus):
    for address in (A, B):
        stage.backend(address)
    hlbd = stage.hlbd(
        config(service(NAME, [A, B]), service(OTHER, [A, C]), service("dead.test", [C]), metrics=AT),
        bus="system", env=bus.env,
    )  # fmt: skip
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    return hlbd


# ---- what it shows -----------------------------------------------------------------------------


def test_the_worst_comes_first_and_all_is_counted(hlbd):
    shown = page()
    order = [each["data-service"] for each in shown.root.all("tbody", data_service=True)]
    assert order == ["dead.test", OTHER, NAME]
    attention, healthy = shown.root.one(id="attention"), shown.root.one(id="healthy")
    assert [each["data-state"] for each in attention.all("tbody")] == ["down", "degraded"]
    assert [each["data-state"] for each in healthy.all("tbody")] == ["up"]
    assert shown.counts("services") == {"services": 3, "down": 1, "degraded": 1, "unknown": 0, "up": 1}
    assert shown.counts("backends") == {
        "backends": 5, "down": 2, "suspect": 0, "unknown": 0, "overridden": 0, "up": 3
    }  # fmt: skip
    assert shown.title().startswith("! 1 down, 1 degraded — hlb on ")
    assert "lookups fail" in shown.service("dead.test").text()


def test_a_backend_has_state_age_reason_latency_and_history(hlbd):
    cells, row = page().backend(OTHER, C)
    address, state, since, why, latency, history, weight, priority = cells
    assert (address, state, why) == (f"{C}:{PORT}", "down", "connection refused")
    assert (latency, weight, priority) == ("–", "0 of 1", "0")
    assert re.fullmatch(r"0/\d+ passed", history)
    assert re.fullmatch(r"\d\d:\d\d:\d\d \d+ (s|min)", since)
    assert row["data-state"] == "down"
    cells, row = page().backend(NAME, A)
    assert cells[1] == "up" and cells[3] == "" and re.fullmatch(r"\d.* m?s", cells[4])
    assert row.all("path") and not row.all("path", **{"class": "x"})
    for time in page().root.all("time"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time["datetime"])


def test_an_override_says_who_until_when_and_why(hlbd, bus):
    assert hlbctl(bus, "drain", f"{NAME}/{B}", "--for", "1h", "--reason", EVIL).returncode == 0
    until(lambda: page().root.all("tr", data_override="drain"), "the override")
    until(lambda: "by root" in page().backend(NAME, B)[0][3], "the user's name")
    shown = page()
    cells, row = shown.backend(NAME, B)
    assert cells[1] == "drained is up" and cells[6] == "0 of 1"
    assert re.fullmatch(r"Drained until \S+( \S+ \S+)? by root since \S+: " + re.escape(EVIL), cells[3])
    assert len(row.one("span", data_override="drain").all("time")) == 2
    assert shown.counts("backends")["overridden"] == 1
    assert shown.root.one(id="attention").all("tbody", data_service=NAME), "it is worth a look"
    newest = shown.root.one("table", **{"class": "ev"}).one("tbody").all("tr")[0]
    assert [cell.text() for cell in newest.children][1:] == [f"{NAME}/{B}", "no override → drain", f"by root: {EVIL}"]


def test_what_comes_from_outside_is_text_and_nothing_else(hlbd, bus):
    with server_that_says(EVIL):
        until(lambda: EVIL in page().backend(OTHER, C)[0][3], "its reason")
        shown = page()
        assert not shown.root.all("script")
        assert shown.root.one("meta", **{"http-equiv": "refresh"})
        text = get("/")
        assert "<script" not in text and "&lt;script&gt;" in text
        assert EVIL in json.dumps(status(), ensure_ascii=False).replace('\\"', '"')


@pytest.mark.parametrize("query", ["?service=" + each for each in (
    "%3Cscript%3E%22'", "%00%0a%80%ff", "%", "%2", "%zz", "a" * 5000, "%E2%80%AE", "&&&=&service", "**")])
def test_what_is_asked_for_is_text_too(hlbd, query):
    shown = page(query)
    assert not shown.root.all("script")
    nothing = shown.root.all("p", id="nothing")
    assert bool(nothing) == (query not in ("?service=&&&=&service", "?service=**"))
    for link in shown.root.all("a"):
        assert link["href"].startswith(("/", "?", "#"))


def test_the_view_stands_in_the_address(hlbd):
    one = page(f"?service={NAME}&refresh=off")
    assert [each["data-service"] for each in one.root.all("tbody", data_service=True)] == [NAME]
    assert not one.root.all("meta", **{"http-equiv": "refresh"})
    assert one.counts("services")["services"] == 3, "the sums are of all"
    links = {each.text(): each["href"] for each in one.root.all("a")}
    assert links["go on"] == f"?service={NAME}", "and all else stays as it is"
    assert links["Only what is wrong"] == f"?service={NAME}&down&refresh=off"
    assert links["All"] == "?refresh=off" and links[NAME] == f"?service={NAME}&refresh=off"
    wrong = page("?down")
    assert [each["data-service"] for each in wrong.root.all("tbody", data_service=True)] == ["dead.test", OTHER]
    assert len(page("?service=*e*.test").root.all("tbody", data_service=True)) == 2
    unknown = page("?service=no.such.test")
    assert "no.such.test" in unknown.root.one("p", id="nothing").text()


def test_names_are_shown_as_people_write_them(stage, bus):
    ascii_form, written = "xn--bcher-kva.example", "bücher.example"
    stage.hlbd(config(service(ascii_form, [C]), metrics=AT), bus="system", env=bus.env)
    for query in ("", f"?service={ascii_form}", "?service=b%C3%BCcher.example"):
        shown = page(query)
        (link,) = shown.service(ascii_form).one("th", scope="rowgroup").all("a")
        assert (link.text(), link["href"]) == (written, f"?service={ascii_form}")
        assert link.one("bdi")["title"] == ascii_form
    until(lambda: written + "/" + C in page().root.one(id="events").text(), "its events")


def test_hlbds_own_troubles_are_shown(hlbd):
    assert not page().root.all(id="degraded")
    hlbd.reload("[daemon]\nlog_level = 3\n")
    (trouble,) = page().root.one(id="degraded").all("li")
    assert "log_level" in trouble.text()


def test_many_services_are_folded_and_those_in_trouble_show_what_is_wrong(stage):
    stage.backend(A)
    many = [service(f"s{i}.test", [A] * 1, check={"interval": "5s"}) for i in range(60)]
    stage.hlbd(config(*many, service("half.test", [A, B, C]), metrics=AT))
    shown = page()
    half = shown.service("half.test")
    assert [row["data-backend"] for row in half.all("tr", data_backend=True)] == [B, C]
    assert half.one("tr", **{"class": "rest"}).text() == "1 other up"
    folded = shown.root.one("table", **{"class": "fold"}).all("tr", data_service=True)
    assert [each["data-service"] for each in folded] == [f"s{i}.test" for i in range(60)]
    assert not shown.root.one(id="healthy").all("tr", data_backend=True)
    assert page("?service=s7.test").backend("s7.test", A)[0][1] == "up"


# ---- how it is served --------------------------------------------------------------------------


def test_browsers_are_told_to_trust_nothing(hlbd):
    code, found = headers("/")
    assert code == 200 and found["content-type"] == "text/html; charset=utf-8"
    style = re.search(r"<style>(.*?)</style>", get("/"), re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert found["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    assert "style=" not in get("/")
    for path in ("/", "/metrics", "/status.json", "/healthz"):
        _, found = headers(path)
        assert found["x-content-type-options"] == "nosniff"
        assert found["referrer-policy"] == "no-referrer"
        assert found["cache-control"] == "no-store"


def test_nothing_changes_by_http(hlbd):
    before = get("/status.json")
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        for path in ("/", "/status.json", f"/?service={NAME}&drain"):
            code, found = headers(path, "-X", method, "-d", "drain=1")
            assert (code, found["allow"]) == (405, "GET, HEAD"), (method, path)
    for path in ("/metrics/", "/index.html", "/../etc/passwd", "//", "/drain", "/manual"):
        assert headers(path, "--path-as-is")[0] == 404, path
    assert [each["override"] for s in json.loads(before)["services"] for each in s["backends"]] == [None] * 5
    assert [each["override"] for s in status()["services"] for each in s["backends"]] == [None] * 5


@pytest.mark.parametrize("path", ["/", "/status.json", "/healthz", "/metrics"])
def test_head_says_what_get_would(hlbd, path):
    code, found = headers(path, "--head")
    assert code == 200 and int(found["content-length"]) > 0
    assert headers(path)[1]["content-type"] == found["content-type"]


@pytest.fixture
def varied(stage, bus):
    """Backends that are standby, suspect, both, held back, unknown and down."""
    stage.backend(A, B, E)
    mortal, primary = stage.backend(D), stage.backend(F)
    suspect = {"fall": 100}
    services = [
        service(NAME, [A, B]),
        service("standby.test", [A, at(B, priority=1)]),
        service("rule.test", [A, at(B, priority=1)], failback="manual"),
        service("suspect.test", [A, D], check=suspect),
        service("spare.test", [A, at(B, priority=1), at(D, priority=1)], check=suspect),
        service("zero.test", [A, B, at(D, weight=0)], check=suspect),
        service("held.test", [F, at(E, priority=1)], failback="manual"),
        service("unknown.test", [A], check={"netns": "/run/netns/none"}),
        service("dead.test", [C]),
    ]
    hlbd = stage.hlbd(config(*services, metrics=AT), bus="system", env=bus.env)
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus")
    primary.kill()
    hlbd.wait_for_log(f"held.test/{F}: up -> down")
    primary.start()
    hlbd.wait_for_log("held.test: a better priority is healthy again")
    mortal.kill()
    until(lambda: get("/status.json").count('"suspect":true') >= 2, "the suspects")
    return hlbd


def test_the_status_is_as_hlbctl_prints_it(varied, bus):
    hlbctl(bus, "drain", f"{NAME}/{B}", "--reason", EVIL)

    def steady(whole):
        """Without what another probe changes, and what is counted for hlbctl alone."""
        for each in (backend for one in whole["services"] for backend in one["backends"]):
            del each["outcomes"], each["connections"]
        return whole

    printed = lambda: hlbctl(bus, "status", "--json").stdout  # noqa: E731
    until(lambda: '"user":"root"' in get("/status.json"), "the user's name")
    told = steady(status())
    assert told == steady(json.loads(printed()))
    kinds = {(each["suspect"], each["held_back"], each["state"], bool(each["override"]))
             for one in told["services"] for each in one["backends"]}  # fmt: skip
    assert {(True, False, "up", False), (False, True, "up", False), (False, False, "unknown", False),
            (False, False, "up", True)} <= kinds  # fmt: skip
    assert {one["serving"] for one in told["services"]} == {None, "priority 0", "priority 1"}
    keys = lambda text: re.findall(r'"(\w+)":', text)  # noqa: E731
    assert keys(get("/status.json")) == keys(printed()), "in the same order"


def test_health_is_whether_hlbd_has_started(stage):
    hanging = {"type": "exec", "command": ["/bin/sleep", "60"], "interval": "5s", "timeout": "4s"}
    hlbd = stage.hlbd(config(service(NAME, [A], check=hanging), metrics=AT), ready=False)
    until(lambda: subprocess.run(["curl", "-s", f"http://{AT}/healthz"], capture_output=True, text=True,
                                 timeout=20).stdout == "starting\n", "the start")  # fmt: skip
    assert headers("/healthz")[0] == 503
    hlbd.wait_until_ready()
    assert headers("/healthz")[0] == 200 and get("/healthz") == "ok\n"


def zipped(path, *options):
    command = ["curl", "-sSg", "-H", "Accept-Encoding: gzip", *options, f"http://{AT}{path}"]
    return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout


@pytest.mark.parametrize("path", ["/", "/metrics", "/status.json", "/healthz"])
def test_whoever_takes_gzip_gets_it(hlbd, path):
    _, found = headers(path, "-H", "Accept-Encoding: br, gzip;q=0.5")
    assert found["content-encoding"] == "gzip" and "Accept-Encoding" in found["vary"]
    assert "content-encoding" not in headers(path)[1]
    text = gzip.decompress(zipped(path)).decode()
    assert text.splitlines()[0] == get(path).splitlines()[0]
    if path == "/":
        assert Page(text).counts("services")["services"] == 3


def test_open_metrics_is_for_who_asks_for_it(hlbd):
    accept = ("-H", "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    _, found = headers("/metrics", *accept)
    assert found["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    text = get("/metrics", *accept)
    assert text.endswith("\n# EOF\n")
    counters = set(re.findall(r"# TYPE (\w+) counter", text))
    assert "hlb_check" in counters and not any(each.endswith("_total") for each in counters)
    assert samples(text).keys() >= {each for each in samples(scrape()) if 'le="' not in each}


def test_hlbds_own_figures_are_those_of_the_kernel(hlbd):
    seen = samples(scrape())
    assert abs(seen["process_open_fds"] - len(list(Path(f"/proc/{hlbd.pid}/fd").iterdir()))) <= 3
    assert 1e6 < seen["process_resident_memory_bytes"] < seen["process_virtual_memory_bytes"]
    assert seen["process_cpu_seconds_total"] > 0 and seen["hlb_log_dropped_lines_total"] == 0
    age = float(run("ps", "-o", "etimes=", "-p", hlbd.pid).stdout)
    assert abs(float(run("date", "+%s").stdout) - age - seen["process_start_time_seconds"]) < 3


def test_latency_and_what_is_unknown_are_told(hlbd):
    seen = samples(scrape())
    up = f'{{backend="{A}",service="{NAME}"}}'
    assert 0 < seen["hlb_backend_latency_seconds" + up] < 1
    down = f'{{backend="{C}",service="{OTHER}"}}'
    assert "hlb_backend_latency_seconds" + down not in seen
    assert seen["hlb_backend_up" + down] == 0 and "hlb_backend_unknown" + down not in seen
