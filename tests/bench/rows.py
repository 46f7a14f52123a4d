"""What a row of the table is: a case, what it is held against, and the bound it has to keep."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Unit:
    """What a sample is divided by to be shown. `rate` heads how many of them go into a second."""

    name: str
    divisor: float
    rate: str = ""


LOOKUP = Unit("µs", 1000, "lookups/s")


class Samples(dict):
    """{round: figure} of a case; `note` is what to know of them."""

    note = ""


@dataclasses.dataclass
class Bound:
    """Of the ratio to the other case, or else of what is added to it in the section's unit."""

    is_ratio: bool
    limit: float
    at_least: bool = False

    def holds(self, value):
        return value >= self.limit if self.at_least else value <= self.limit


@dataclasses.dataclass
class Row:
    label: str
    case: str
    against: str = ""  # another case; none: the row stands for itself
    bound: Bound = None

    @property
    def is_ratio(self):
        return self.bound is None or self.bound.is_ratio


@dataclasses.dataclass
class Section:
    title: str
    part: str  # see parts.py
    rows: list
    unit: Unit = LOOKUP


def ratio_at_most(limit):
    return Bound(True, limit)


def ratio_at_least(limit):
    return Bound(True, limit, at_least=True)


def adds_at_most(limit):
    """With another case to add to; without one, the row itself is at most this."""
    return Bound(False, limit)
