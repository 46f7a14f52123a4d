"""The changes of state that hlbd's log tells of."""

import datetime
import re
from dataclasses import dataclass

TRANSITION = re.compile(
    r"^(\d+):(\d+):(\d+)\.(\d+) .*? (\S+)/(\S+): (\w+) -> (\w+): (.*) \((\d+) in a row\b.*\)$", re.M
)


@dataclass
class Transition:
    time: float  # as time.time()
    name: str
    address: str
    change: str  # "up -> down"
    reason: str
    in_a_row: int


def time_of(hour, minute, second, millisecond):
    now = datetime.datetime.now()
    told = now.replace(hour=int(hour), minute=int(minute), second=int(second),
                       microsecond=int(millisecond) * 1000)  # fmt: skip
    if told > now:  # yesterday's
        told -= datetime.timedelta(days=1)
    return told.timestamp()


def transitions(log, change=None):
    found = [
        Transition(time_of(*each[:4]), each[4], each[5], f"{each[6]} -> {each[7]}", each[8],
                   int(each[9]))
        for each in TRANSITION.findall(log)
    ]  # fmt: skip
    return [each for each in found if change in (None, each.change)]
