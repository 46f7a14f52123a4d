"""What the samples say: every case against its floor or its peers, as a table and as JSON."""

import dataclasses
import json
import os
import platform
import statistics

import engine_sections
import fleet_sections
import lookup_sections
from rows import Row, Samples, Section

SECTIONS = lookup_sections.SECTIONS + engine_sections.SECTIONS + fleet_sections.SECTIONS


@dataclasses.dataclass
class Comparison:
    """One row, measured, in the section's unit. Without a median, `note` says why."""

    section: Section
    row: Row
    median: float = None
    value: float = None
    quartiles: tuple = None
    note: str = ""

    @property
    def verdict(self):
        if self.value is None or not self.row.bound:
            return ""
        return "ok" if self.row.bound.holds(self.value) else "MISS"


def compare(samples, parts):
    return [compared(section, row, samples)
            for section in SECTIONS if section.part in parts for row in section.rows]


def compared(section, row, samples):
    """Values are taken round by round, so that what slowed a round slowed both sides of it."""
    own, other = samples[row.case], samples.get(row.against, {})
    if isinstance(own, str):
        return Comparison(section, row, note=own)
    unit = section.unit
    median = statistics.median(own.values()) / unit.divisor
    note = own.note if isinstance(own, Samples) else ""
    if isinstance(other, str):
        return Comparison(section, row, median, note=f"{row.against} {other}")
    if row.against:
        values = [in_figure(row, unit, own[number], other[number])
                  for number in own.keys() & other.keys()]
    elif row.bound:
        values = [sample / unit.divisor for sample in own.values()]
    else:
        return Comparison(section, row, median, note=note)
    return Comparison(section, row, median, statistics.median(values), quartiles_of(values), note)


def quartiles_of(values):
    if len(values) < 2:
        return None
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def in_figure(row, unit, own, other):
    return own / other if row.is_ratio else (own - other) / unit.divisor


def text_of(row, unit, value):
    digits = 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {'×' if row.is_ratio and row.against else unit.name}"


def text_of_bound(row, unit):
    if not row.bound:
        return ""
    return ("≥ " if row.bound.at_least else "≤ ") + text_of(row, unit, row.bound.limit)


WIDTHS = [40, 11, 11, 20, 10, 15, 11, 5]


def table(comparisons):
    lines = [facts_line()]
    for section in SECTIONS:
        own = [each for each in comparisons if each.section is section]
        if own:
            unit = section.unit
            heads = ["", f"median {unit.name}", unit.rate, "against", "figure", "quartiles",
                     "bound", ""]
            lines += ["", section.title, line(heads), *map(line_of, own)]
    return "\n".join([*lines, "", summary(comparisons)])


def summary(comparisons):
    verdicts = [each.verdict for each in comparisons if each.row.bound]
    return (f"Bounds: {verdicts.count('ok')} held, {verdicts.count('MISS')} missed, "
            f"{verdicts.count('')} not measured. Figures are medians over the rounds; a figure "
            "against another case is taken within each round.")


def line(cells):
    label, *rest = (f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS))
    return " ".join([f"{label.strip():{WIDTHS[0]}}", *rest]).rstrip()


def line_of(each):
    row, unit = each.row, each.section.unit
    cells = [row.label]
    if each.median is not None:
        rate = f"{1e9 / unit.divisor / each.median:,.0f}" if unit.rate else ""
        cells += [f"{each.median:.2f}", rate]
    if each.value is not None:
        quartiles = "{:.2f} – {:.2f}".format(*each.quartiles) if each.quartiles else ""
        cells += [row.against, text_of(row, unit, each.value), quartiles, text_of_bound(row, unit),
                  each.verdict]
    return f"{line(cells)}  {each.note}".rstrip()


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
    with open(path, "w") as output:
        rows = [json_of(each) for each in comparisons]
        json.dump({"machine": machine(), "rows": rows}, output, indent=2, ensure_ascii=False)
        output.write("\n")


def json_of(each):
    row, unit = each.row, each.section.unit
    measured = each.value is not None
    return {"section": each.section.title, "label": row.label, "case": row.case,
            "unit": unit.name, "median": each.median, "against": row.against or None,
            "figure": ("ratio" if row.is_ratio else unit.name) if measured else None,
            "value": each.value, "quartiles": each.quartiles,
            "bound": text_of_bound(row, unit) or None, "verdict": each.verdict or None,
            "note": each.note or None}
