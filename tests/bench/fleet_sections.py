"""What is shown of a fleet of many hosts."""

from rows import Row, Section, Unit, adds_at_most

MILLISECONDS = Unit("ms", 1e6)
CHANGES = {
    "drain": "hlbctl drain --fleet",
    "clear": "hlbctl clear --fleet",
    "backend-added": "a backend added",
    "backend-changed": "a backend changed",
    "backend-removed": "a backend removed",
    "service-added": "a service added",
    "service-changed": "a service changed",
    "service-removed": "a service removed",
}
AWAY = {
    "killed": "all members killed",
    "stopped": "all members stopped",
    "leader": "the leader stopped",
    "member": "another member stopped",
}
LOST = {"restored": "restored from a snapshot", "wiped": "wiped"}


def rows_of_changes():
    for case, words in CHANGES.items():
        override = case in ("drain", "clear")
        yield Row(words, f"fleet-{case}", "", adds_at_most(100) if override else None)
        yield Row("… the last host", f"fleet-{case}-worst", "", adds_at_most(1000 if override else 500))


def rows_of_returns():
    for case, words in AWAY.items():
        yield Row(f"{words}, the last host", f"fleet-{case}-worst", "", adds_at_most(5000))
    yield Row("compacted while 10 are cut off", "fleet-compacted-worst", "", adds_at_most(5000))


def rows_of_losses():
    for case, words in LOST.items():
        yield Row(f"{words}: what is new there", f"fleet-{case}-worst", "", adds_at_most(5000))
        yield Row("… until all hosts have said so", f"fleet-{case}-said", "", adds_at_most(5000))
        yield Row("… hlbctl fleet accept", f"fleet-{case}-accepted-worst", "", adds_at_most(1000))


def rows_of_harm():
    for case, words in {**AWAY, **LOST}.items():
        yield Row(f"{words}: other answers", f"fleet-{case}-changed", "", adds_at_most(0))
        if case in AWAY:
            yield Row("… lookups that failed", f"fleet-{case}-failed", "", adds_at_most(0))


SECTIONS = [
    Section("A change of the fleet, from the command until it is answered on 50 hosts", "fleet",
            [*rows_of_changes()], MILLISECONDS),
    Section("What etcd's absence or loss changes", "fleet", [*rows_of_harm()], Unit("", 1)),
    Section("From etcd's return until a change of then is answered", "fleet", [*rows_of_returns()], MILLISECONDS),
    Section("etcd lost what it had: from its return", "fleet", [*rows_of_losses()], MILLISECONDS),
    Section("50 hosts start at once with 1,000 backends of the fleet", "fleet", [
        Row("READY, the last host", "fleet-start-worst", "", adds_at_most(3000)),
        Row("… without etcd, from what it said last", "fleet-start-alone-worst", "", adds_at_most(500)),
        Row("a host alone, without etcd", "fleet-start-one-worst", "", adds_at_most(500)),
    ], MILLISECONDS),
    Section("Private memory of hlbd with 1,000 backends", "fleet", [
        Row("of the host's own", "fleet-memory-local"),
        Row("of the fleet", "fleet-memory-fleet", "fleet-memory-local", adds_at_most(1024)),
    ], Unit("KiB", 1024)),
    Section("hlbd's share of a core with 1,000 backends that aren't checked", "fleet", [
        Row("of the host's own", "fleet-idle-local"),
        Row("of the fleet", "fleet-idle-fleet", "fleet-idle-local", adds_at_most(0.1)),
    ], Unit("%", 1)),
]  # fmt: skip
