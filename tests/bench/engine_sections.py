"""What is shown of the engine: hlbd beside HAProxy, gdnsd and the floor."""

import detection
import engine
import exposure
from probers import ALL, Floor, Haproxy, HlbdProber
from rows import Row, Section, Unit, adds_at_most, ratio_at_most

CPU = Unit("µs", 1000, "checks/s")
MEMORY = Unit("KiB", 1024)

WORDS = {"tcp": "TCP", "http": "HTTP, new connections", "reuse": "HTTP, kept connections"}
CPU_BOUNDS = {"tcp": ratio_at_most(1.0), "http": ratio_at_most(1.1), "reuse": ratio_at_most(0.4)}
MEMORY_BOUND = adds_at_most(2)


def rows_of_cpu(method, size):
    """hlbd against HAProxy, which has no kept connections: there against its new ones."""
    peer = engine.case_of("http" if method == "reuse" else method, size, Haproxy)
    for kind in ALL:
        if method in kind.methods:
            case = engine.case_of(method, size, kind)
            bound = CPU_BOUNDS[method] if kind is HlbdProber else None
            yield Row(label_of(method, kind), case, "" if case == peer else peer, bound)


def rows_of_memory(method, size):
    for kind in ALL:
        if method in kind.methods and kind is not Floor:
            case = "memory-" + engine.case_of(method, size, kind)
            bound = MEMORY_BOUND if kind is HlbdProber else None
            yield Row(label_of(method, kind), case, "", bound)


def label_of(method, kind):
    return f"{kind.name}, {WORDS[method]}"


def sections_of(part, methods):
    for size in engine.SIZES:
        yield Section(f"CPU of a check, {size:,} backends, every second", part,
                      [row for method in methods for row in rows_of_cpu(method, size)], CPU)
    most = max(engine.SIZES)
    yield Section(f"Private memory of a backend, beyond the empty program ({most:,} backends)",
                  part, [row for method in methods for row in rows_of_memory(method, most)], MEMORY)


MILLISECONDS = Unit("ms", 1e6)

START = [
    Row("hlbd, from its start until it is READY", "start-hlbd", "", adds_at_most(1000)),
    Row("HAProxy, until each is checked once", "start-HAProxy"),
    Row("gdnsd, until each is checked once", "start-gdnsd"),
]
LOOKUPS = [
    Row("nothing is checked", "lookup-idle"),
    Row("hlbd starts with 10,000 backends", "lookup-meanwhile", "lookup-idle", ratio_at_most(2)),
]
CHANGES = [
    Row("one, from its first refusal", "change-1", "", adds_at_most(2)),
    Row("5,000, from the last one's last refusal", "change-5000", "", adds_at_most(100)),
    Row("5,000, from the SIGKILL of all of them", "change-5000-killed"),
]

RELOADS = [
    Row("nothing changed", "reload-same", "", adds_at_most(200)),
    Row("one service changed", "reload-one", "", adds_at_most(200)),
    Row("all changed", "reload-all", "", adds_at_most(200)),
    Row("all but 10 go", "reload-go", "", adds_at_most(200)),
    Row("all come back", "reload-come", "", adds_at_most(200)),
    Row("the slowest lookup meanwhile", "reload-slowest", "", adds_at_most(50)),
]

CLOSING = [
    Row("from the refusal to the first", "closing-first", "", adds_at_most(1200)),
    Row("from the first to the last of 10,000", "closing-all", "", adds_at_most(200)),
]
BESIDE_CLOSING = [
    Row("nothing is ended", "lookup-calm"),
    Row("10,000 are ended", "lookup-closing", "lookup-calm", ratio_at_most(1.2)),
]

SCRAPES = [
    Row("a scrape", "scrape", "", adds_at_most(50)),
    Row("the page", "page", "", adds_at_most(100)),
    Row("the page, by gzip", "page-gzip", "", adds_at_most(100)),
    Row("/status.json", "json", "", adds_at_most(200)),
    Row("hlbctl status", "status", "", adds_at_most(200)),
    Row("hlbd's CPU in a second of --watch", "watch", "", adds_at_most(10)),
]
BESIDE_QUESTIONS = [
    Row("nobody asks", "lookup-alone"),
    Row("one scrapes ten times a second", "lookup-scrapes", "lookup-alone", ratio_at_most(1.2)),
    Row("one loads the page ten times a second", "lookup-page", "lookup-alone", ratio_at_most(1.2)),
    Row("hlbctl status --watch runs", "lookup-watch", "lookup-alone", ratio_at_most(1.2)),
]

DETECTION = [
    Row(f"{kind.name}, {place} backend", detection.case_of(kind, place))
    for place in detection.PLACES for kind in detection.KINDS
]

EXPOSURE_BOUNDS = {"local": adds_at_most(2), "silent": adds_at_most(2500), "busy": adds_at_most(25)}
EXPOSURE_WORDS = {
    "local": "a process on this host",
    "remote": "on another host, unused",
    "silent": "another host falls silent",
    "busy": "on another host, used",
}
EXPOSURE = [
    Row(f"{kind.name}, {EXPOSURE_WORDS[place]}", exposure.case_of(kind, place), "",
        EXPOSURE_BOUNDS.get(place) if kind is exposure.Hlbd else None)
    for place in exposure.PLACES for kind in exposure.KINDS
    if kind in exposure.PEERS or place in exposure.BESIDE
]
FAILED = [
    Row(f"{kind.name}, at 100 connections a second", f"failed-{kind.name}", "",
        adds_at_most(2) if kind is exposure.Hlbd else None)
    for kind in exposure.PEERS
]

SECTIONS = [
    *sections_of("tcp", ["tcp"]),
    *sections_of("http", ["http", "reuse"]),
    Section("10,000 backends known", "start", START, MILLISECONDS),
    Section("The 99th percentile of lookups while …", "start", LOOKUPS),
    Section("Changes among 10,000 backends, until they are in the table", "changes", CHANGES,
            MILLISECONDS),
    Section("A reload with 100,000 services: the largest gap between two renewals of the lease", "reload",
            RELOADS, MILLISECONDS),
    Section("Ending connections to a backend that went down, among 200,000 sockets of the host", "closing", CLOSING,
            MILLISECONDS),
    Section("The 99th percentile of lookups while …", "closing", BESIDE_CLOSING),
    Section("From a backend's SIGKILL until it is no longer answered", "detection", DETECTION,
            MILLISECONDS),
    Section("At defaults, from a backend's end until it is no longer answered", "exposure", EXPOSURE,
            MILLISECONDS),
    Section("Connections that fail meanwhile, of each kill", "exposure", FAILED, Unit("failed", 1)),
    Section("What the operator asks for, of 1,000 services of 10 backends", "operator", SCRAPES, MILLISECONDS),
    Section("The 99th percentile of lookups while 10,000 backends are checked and …", "operator",
            BESIDE_QUESTIONS),
]
