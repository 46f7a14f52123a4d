"""What is shown of lookups: every case against its floor or its peers."""

import measure
from rows import Row, Section, adds_at_most, ratio_at_least, ratio_at_most

GROWTH = 1.1  # how much a lookup may cost more in a larger table and still count as not growing

WARM = [
    Row("null module, 1 address: the floor", "null1"),
    Row("null module, 2 addresses: the floor", "null2"),
    Row("hlb, one", "one", "null1", ratio_at_most(1.2)),
    Row("hlb, spread, 2 equal addresses", "even", "null2", ratio_at_most(1.05)),
    Row("hlb, spread, 127.0.0.1 and .2", "uneven", "null2", ratio_at_most(1.05)),
    Row("hlb over D-Bus, spread, 2 equal", "bus", "null2", adds_at_most(100)),
    Row("foreign name: hlb, then null module", "foreign", "null1", adds_at_most(0.5)),
    Row("foreign name: hlb's function alone", "foreign-call", "", adds_at_most(0.5)),
]

PEERS = [
    Row("dnsmasq through dns, 2 addresses", "dns2", "one", ratio_at_least(10)),
    Row("dnsmasq through dns, 2 addresses", "dns2", "even", ratio_at_least(2)),
    Row("dnsmasq through dns, 1 address", "dns1", "one", ratio_at_least(10)),
    *(Row(f"{label}, {count}", f"{case}{count[0]}", "one" if count[0] == "1" else "even")
      for label, case in [("files", "files"), ("nscd", "nscd"), ("nss-resolve", "resolve")]
      for count in ["1 address", "2 addresses"]),
]

FIRST = [
    Row("null module, 1 address", "first-null1"),
    Row("null module, 2 addresses", "first-null2"),
    Row("hlb, one", "first-one", "first-null1", ratio_at_most(1.1)),
    Row("hlb, spread, 2 equal addresses", "first-even", "first-null2", ratio_at_most(1.1)),
    Row("hlb over D-Bus, spread, 2 equal", "first-bus", "first-null2"),
]


def rows_of_threads(threads):
    of = f"threads-{threads}-"
    label = f"{threads} thread{'s' if threads > 1 else ''}, "
    yield Row(label + "null module", of + "null1")
    yield Row(label + "table of 1", of + "1", of + "null1")
    for size in measure.TABLES[1:]:
        bound = ratio_at_most(GROWTH)
        yield Row(f"{label}of {size:,}, one name", f"{of}{size}-same", of + "1", bound)
        # No bound: each lookup finds its part of the table in no cache, whatever finds it.
        yield Row(f"{label}of {size:,}, each name", f"{of}{size}", of + "1")


SECTIONS = [
    Section("A lookup in a running process", "lookups", WARM),
    Section("Peers, and how many times longer they take than hlb", "lookups", PEERS),
    Section("The first lookup of a fresh process", "lookups", FIRST),
    Section("Lookups from several threads: one name of the table all the time, or each in turn",
            "lookups", [row for threads in measure.THREADS for row in rows_of_threads(threads)]),
]
