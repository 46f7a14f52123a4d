"""What the samples say: every case against its floor or its peers, as a table and as JSON."""

import dataclasses
import json
import os
import platform
import statistics

import measure

GROWTH = 1.1  # how much a lookup may cost more in a larger table and still count as not growing


@dataclasses.dataclass
class Bound:
    """`figure` is the ratio to the other case, or what is added to it in µs."""

    figure: str
    limit: float
    at_least: bool = False

    def holds(self, value):
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self):
        return ("≥ " if self.at_least else "≤ ") + text_of(self.figure, self.limit)


@dataclasses.dataclass
class Row:
    label: str
    case: str
    against: str = ""  # another case; none: the row stands for itself
    bound: Bound = None

    @property
    def figure(self):
        return self.bound.figure if self.bound else "ratio"


def ratio_at_most(limit):
    return Bound("ratio", limit)


def ratio_at_least(limit):
    return Bound("ratio", limit, at_least=True)


def adds_at_most(limit):
    return Bound("µs", limit)


WARM = [
    Row("null module, 1 address: the floor", "null1"),
    Row("null module, 2 addresses: the floor", "null2"),
    Row("hlb, one", "one", "null1", ratio_at_most(1.25)),
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


SECTIONS = {
    "A lookup in a running process": WARM,
    "Peers, and how many times longer they take than hlb": PEERS,
    "The first lookup of a fresh process": FIRST,
    "Lookups from several threads: one name of the table all the time, or each name in turn":
        [row for threads in measure.THREADS for row in rows_of_threads(threads)],
}


@dataclasses.dataclass
class Comparison:
    """One row, measured. Without figures, `note` says why."""

    section: str
    row: Row
    median_us: float = None
    value: float = None
    quartiles: tuple = None
    note: str = ""

    @property
    def verdict(self):
        if self.note or not self.row.bound:
            return ""
        return "ok" if self.row.bound.holds(self.value) else "MISS"


def compare(samples):
    return [compared(section, row, samples) for section, rows in SECTIONS.items() for row in rows]


def compared(section, row, samples):
    """Values are taken round by round, so that what slowed a round slowed both sides of it."""
    own, other = samples[row.case], samples.get(row.against, {})
    if isinstance(own, str):
        return Comparison(section, row, note=own)
    median_us = statistics.median(own.values()) / 1000
    if isinstance(other, str):
        return Comparison(section, row, median_us, note=f"{row.against} {other}")
    if row.against:
        values = [in_figure(row.figure, own[number], other[number]) for number in own]
    elif row.bound:
        values = [nanoseconds / 1000 for nanoseconds in own.values()]
    else:
        return Comparison(section, row, median_us)
    low, middle, high = statistics.quantiles(values, n=4)
    return Comparison(section, row, median_us, middle, (low, high))


def in_figure(figure, nanoseconds, other):
    return nanoseconds / other if figure == "ratio" else (nanoseconds - other) / 1000


def text_of(figure, value):
    digits = 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}{' ×' if figure == 'ratio' else ' µs'}"


HEADS = ["", "median µs", "lookups/s", "against", "figure", "quartiles", "bound", ""]
WIDTHS = [38, 10, 11, 14, 9, 15, 9, 5]


def table(comparisons):
    lines = [facts_line()]
    for section in SECTIONS:
        lines += ["", section, line(HEADS)]
        lines += [line_of(each) for each in comparisons if each.section == section]
    return "\n".join([*lines, "", summary(comparisons)])


def summary(comparisons):
    verdicts = [each.verdict for each in comparisons if each.row.bound]
    return (f"Bounds: {verdicts.count('ok')} held, {verdicts.count('MISS')} missed, "
            f"{verdicts.count('')} not measured. Figures are medians over the rounds; a figure "
            "against another case is taken within each round.")


def line(cells):
    label, *rest = (f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS))
    return " ".join([f"{label.strip():{WIDTHS[0]}}", *rest]).rstrip()


def line_of(compared_row):
    row, median_us = compared_row.row, compared_row.median_us
    cells = [row.label]
    if median_us is not None:
        cells += [f"{median_us:.2f}", f"{1e6 / median_us:,.0f}"]
    if compared_row.value is not None:
        cells += [row.against, text_of(row.figure, compared_row.value),
                  "{:.2f} – {:.2f}".format(*compared_row.quartiles), str(row.bound or ""),
                  compared_row.verdict]
    return f"{line(cells)}  {compared_row.note}".rstrip()


def machine():
    with open("/proc/cpuinfo") as text:
        models = [each.split(":", 1)[1].strip() for each in text if each.startswith("model name")]
    return {"kernel": platform.release(), "cpu": models[0] if models else platform.machine(),
            "cores": os.cpu_count(), "libc": os.confstr("CS_GNU_LIBC_VERSION"),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "")}


def facts_line():
    facts = machine()
    return (f"{facts['system']}, {facts['libc']}, Linux {facts['kernel']}, "
            f"{facts['cores']} × {facts['cpu']}")


def write_json(path, comparisons):
    rows = [{"section": each.section, "label": each.row.label, "case": each.row.case,
             "median_us": each.median_us, "against": each.row.against or None,
             "figure": each.row.figure if each.value is not None else None,
             "value": each.value, "quartiles": each.quartiles,
             "bound": str(each.row.bound) if each.row.bound else None,
             "verdict": each.verdict or None, "note": each.note or None} for each in comparisons]
    with open(path, "w") as output:
        json.dump({"machine": machine(), "rows": rows}, output, indent=2, ensure_ascii=False)
        output.write("\n")
