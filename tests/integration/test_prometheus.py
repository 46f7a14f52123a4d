"""The metrics beside what is made for them: promtool, a real Prometheus, and the examples shipped."""

import json
import os
import re
import subprocess
import urllib.parse
import urllib.request

import pytest
from etcds import EtcdCluster
from fleet import Fleet
from scraping import AT, samples, scrape
from waiting import until
from world import HERE, config, run, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "app.test"
PROMTOOL = "/usr/bin/promtool"
DATA = HERE.parents[1] / "hlbd/data"
ALERTS = DATA / "hlb-alerts.yml"
DASHBOARD = DATA / "hlb-dashboard.json"


@pytest.fixture
def backends(stage):
    return {address: stage.backend(address) for address in (A, B)}


@pytest.fixture
def hlbd(stage, backends):
    """One with all that there are metrics of."""
    own = service(NAME, [A, B], close_connections="stale")
    text = config(own, metrics=AT, count_connections=True) + Fleet(EtcdCluster(stage)).section()
    hlbd = stage.hlbd(text)
    until(lambda: "hlb_backend_connections" in scrape(), "connections that are counted")
    until(lambda: "hlb_fleet_fresh 1" in scrape(), "a fleet that is followed")
    return hlbd


def test_promtool_finds_nothing_wrong(hlbd):
    checked = subprocess.run([PROMTOOL, "check", "metrics"], input=scrape(), text=True,
                             capture_output=True, timeout=30)  # fmt: skip
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


SCRAPING = """\
global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }
rule_files: [ %s ]
scrape_configs:
  - job_name: hlb
    static_configs: [ { targets: [ "%s" ] } ]
"""


class Prometheus:
    AT = "127.0.0.1:9099"

    def __init__(self, stage):
        folder = stage.new_folder()
        settings = folder / "prometheus.yml"
        settings.write_text(SCRAPING % (ALERTS, AT))
        self.program = stage.program(
            "/usr/bin/prometheus", f"--config.file={settings}",
            f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={self.AT}",
            env={**os.environ, "GOMAXPROCS": "1"},
            ready="Server is ready to receive web requests",
        )  # fmt: skip

    def query(self, text):
        """{labels without those of the job: value}."""
        url = f"http://{self.AT}/api/v1/query?" + urllib.parse.urlencode({"query": text})
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        own = {"__name__", "job", "instance"}
        return {
            tuple(sorted((k, v) for k, v in each["metric"].items() if k not in own)):
                float(each["value"][1]) for each in found
        }  # fmt: skip


def test_prometheus_scrapes_it_and_sees_a_backend_die(stage, hlbd, backends):
    prometheus = Prometheus(stage)
    until(lambda: prometheus.query("up") == {(): 1}, "a scrape", 20)
    one = (("backend", A), ("service", NAME))
    other = (("backend", B), ("service", NAME))
    assert prometheus.query("hlb_backend_up") == {one: 1, other: 1}
    backends[B].kill()
    until(lambda: prometheus.query("hlb_backend_up") == {one: 1, other: 0}, "the death", 20)
    assert prometheus.query("hlb_build_info") != {}
    until(
        lambda: (("alertname", "HlbBackendDown"), ("alertstate", "pending"), ("backend", B),
                 ("service", NAME), ("severity", "warning")) in prometheus.query("ALERTS"),
        "the shipped rule is about to fire", 20,
    )  # fmt: skip


def test_the_alert_rules_are_right(tmp_path):
    run(PROMTOOL, "check", "rules", ALERTS)
    # The unit tests name the rules by a path that is relative to their own.
    (tmp_path / "hlb-alerts.yml").write_bytes(ALERTS.read_bytes())
    (tmp_path / "tests.yml").write_bytes((HERE / "alerts.yml").read_bytes())
    run(PROMTOOL, "test", "rules", tmp_path / "tests.yml")
    names = set(re.findall(r"alert: (\w+)", ALERTS.read_text()))
    tested = set(re.findall(r"alertname: (\w+)", (HERE / "alerts.yml").read_text()))
    assert names == tested, "each rule has a test"


def names_of_metrics(text):
    """The metrics that expressions name: hlb_… and up."""
    return set(re.findall(r"\bhlb_\w+", text))


def test_every_metric_that_the_examples_name_is_served(hlbd):
    served = {each.partition("{")[0] for each in samples(scrape())}
    served |= set(re.findall(r"# TYPE (\w+)", scrape()))
    dashboard = json.loads(DASHBOARD.read_text())
    named = names_of_metrics(json.dumps(dashboard)) | names_of_metrics(ALERTS.read_text())
    assert len(named) > 8
    assert named <= served


def test_every_panel_of_the_dashboard_has_a_query_that_prometheus_takes(stage, hlbd):
    prometheus = Prometheus(stage)
    until(lambda: prometheus.query("up") == {(): 1}, "a scrape", 20)
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    assert len(queries) >= len([panel for panel in panels if panel["type"] != "row"])
    for query in queries:
        filled = query.replace("$__rate_interval", "1m").replace("$service", ".*")
        prometheus.query(filled.replace("$instance", ".*"))


def test_the_manual_names_every_metric_and_no_other(hlbd):
    manual = (HERE.parents[1] / "hlbd/man/hlbd.8").read_text()
    named = set(re.findall(r"^\.It Li ((?:hlb|process)_\w+)", manual, re.M))
    assert named == set(re.findall(r"# TYPE (\w+)", scrape()))
