"""A soak of the engine: 200 backends that are killed, hang, restart and are cut off, under reloads
and overrides; each lookup is held against what was true when it was made."""

import bisect
import contextlib
import random
import signal
import sys
import time
from collections import Counter, defaultdict

from buses import SystemBus
from hlbctl import hlbctl
from lan import FAR, NEAR, Lan, far_addresses
from lookups import lookup
from soaking import SECONDS, SEED, Down, Size, answers_in, expect_flat, looking_up
from waiting import until
from world import HERE, PORT, config, ip, service

GROUPS, SERVICES = 20, 10  # a group is a program, with a backend of each service
REMOTE = range(GROUPS // 2, GROUPS)  # on another host
SAFE = 0  # the group that nothing happens to
LOOKED_UP = ["s0.test", "s3.test", "s7.test"]
CHECK = {"interval": "500ms", "timeout": "500ms", "fall": 2}

# For how many seconds a backend may still be answered: killed, and silent, which takes two
# timeouts to see, and another where so many are at once; beside other tests hlbd waits for a
# processor.
KILLED, SILENT = (1.0, 3.0) if SECONDS >= 60 else (5.0, 8.0)


def addresses_of(group):
    if group in REMOTE:
        first = 11 + (group - REMOTE[0]) * SERVICES
        return [f"10.97.0.{first + number}" for number in range(SERVICES)]
    return [f"127.0.{group + 3}.{number + 1}" for number in range(SERVICES)]


class Field:
    def __init__(self, stage):
        self.stage = stage
        self.random = random.Random(SEED)
        self.downs = defaultdict(list)  # by the name of a service, or None for all
        self.well = set(range(GROUPS)) - {SAFE}
        self.lan = Lan(stage)
        far_addresses(*range(11, 11 + len(REMOTE) * SERVICES))
        self.programs = [
            stage.program(*(FAR if group in REMOTE else ()), sys.executable, HERE / "backend.py",
                          "ok", PORT, *addresses_of(group), ready="ready")
            for group in range(GROUPS)
        ]  # fmt: skip
        self.bus = SystemBus(stage)
        self.hlbd = stage.hlbd(self.text(), bus="system", env=self.bus.env)
        until(self.all_answered, "all backends found", 30)
        self.program, self.answers = looking_up(stage, *LOOKED_UP)

    def text(self):
        services = [
            service(f"s{number}.test", [addresses_of(group)[number] for group in range(GROUPS)],
                    CHECK, max_addresses=self.random.randrange(4, 9))
            for number in range(SERVICES)
        ]  # fmt: skip
        return config(*services, service(f"x{self.random.random()}.test", ["127.0.0.1"]))

    def all_answered(self):
        """All but the one of the service that differs each time, which nobody serves."""
        backends = GROUPS * SERVICES
        return f"{backends} of {backends + 1} backends up" in hlbctl(self.bus, "status").stdout

    @contextlib.contextmanager
    def down(self, addresses, overdue, name=None):
        """They may not be answered meanwhile, once that is overdue."""
        downs = [Down(each, overdue, time.monotonic()) for each in addresses]
        self.downs[name] += downs
        try:
            yield
        finally:
            for each in downs:
                each.ended = time.monotonic()

    def some_group(self):
        """One to which nothing happens yet."""
        group = self.random.choice(sorted(self.well))
        self.well.remove(group)
        return group

    def forbidden(self, name):
        """{address: the times, in order, in which no answer of this service may have it}"""
        times = defaultdict(list)
        for down in self.downs[None] + self.downs[name]:
            times[down.address].append((down.begun + down.overdue, down.ended))
        return {address: united(each) for address, each in times.items()}


def united(times):
    result = []
    for begun, ended in sorted(each for each in times if each[0] < each[1]):
        if result and begun <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], ended))
        else:
            result.append((begun, ended))
    return result


def is_within(times, begun, ended):
    """Whether one of them, which don't overlap, has all of that."""
    place = bisect.bisect_left(times, (begun,))
    return place > 0 and ended < times[place - 1][1]


# ---- troubles: each goes on for the time of a `with` -------------------------------------------


@contextlib.contextmanager
def is_killed(field):
    group = field.some_group()
    program = field.programs[group]
    program.kill()
    try:
        with field.down(addresses_of(group), KILLED):
            yield
    finally:
        program.start()
        field.well.add(group)


@contextlib.contextmanager
def hangs(field):
    group = field.some_group()
    program = field.programs[group]
    program.signal(signal.SIGSTOP)
    try:
        with field.down(addresses_of(group), SILENT):
            yield
    finally:
        program.signal(signal.SIGCONT)
        field.well.add(group)


@contextlib.contextmanager
def restarts(field):
    program = field.programs[field.random.choice(sorted(field.well))]
    program.kill()
    program.start()
    yield


@contextlib.contextmanager
def is_cut_off(field):
    """The link to the other host."""
    ip(f"link set {NEAR} down")
    try:
        with field.down([each for group in REMOTE for each in addresses_of(group)], SILENT):
            yield
    finally:
        field.lan.link_up()


@contextlib.contextmanager
def link_flaps(field):
    for _ in range(field.random.randrange(1, 4)):
        ip(f"link set {NEAR} down")
        time.sleep(field.random.random() / 10)
        field.lan.link_up()
    yield


@contextlib.contextmanager
def is_reloaded(field):
    field.hlbd.reload(field.text())
    yield


@contextlib.contextmanager
def is_drained(field):
    number = field.random.randrange(SERVICES)
    address = addresses_of(field.random.randrange(1, GROUPS))[number]
    target = f"s{number}.test/{address}"
    hlbctl(field.bus, "drain", target)
    try:
        with field.down([address], 0.0, f"s{number}.test"):
            yield
    finally:
        hlbctl(field.bus, "clear", target)


TROUBLES = [is_killed, hangs, restarts, is_cut_off, link_flaps, is_reloaded, is_drained]


# ---- the soak ------------------------------------------------------------------------------------


def meet(field):
    """A few troubles at once; returns their names."""
    events = [field.random.choice(TROUBLES) for _ in range(field.random.randrange(2, 7))]
    if is_cut_off in events:  # once, and no flaps beside it, of the one link
        events = [each for each in events if each not in (is_cut_off, link_flaps)] + [is_cut_off]
    with contextlib.ExitStack() as going_on:
        for event in events:
            going_on.enter_context(event(field))
            time.sleep(field.random.random() / 4)
        time.sleep(SILENT + 1 if field.random.random() < 0.5 else field.random.random())
    return [event.__name__ for event in events]


def expect_each_answer_right(field):
    lookups, slowest, wrong = Counter(), 0, []
    forbidden = {name: field.forbidden(name) for name in LOOKED_UP}
    for name, begun, ended, answer in answers_in(field.answers):
        lookups[name] += 1
        slowest = max(slowest, ended - begun)
        # There is one that is well at any time.
        for each in answer:
            times = forbidden[name].get(each, [])
            if each.startswith("failed") or is_within(times, begun, ended):
                wrong.append((name, begun, ended, each))
    print(f"{dict(lookups)} lookups, the slowest {slowest * 1000:.0f} ms, {len(wrong)} wrong")
    assert not wrong, (len(wrong), wrong[:5])
    assert all(lookups[name] > SECONDS for name in LOOKED_UP)


def test_each_answer_is_true_and_nothing_grows(stage):
    print(f"SOAK_SEED={SEED}")
    field = Field(stage)
    begun, events, sizes = time.monotonic(), Counter(), []
    while time.monotonic() < begun + SECONDS:
        events.update(meet(field))
        until(field.all_answered, "all backends back", 60)
        sizes.append((Size.of(field.hlbd.pid), Size.of(field.program.pid)))
    field.program.signal(signal.SIGTERM)
    assert field.program.process.wait(20) == 0
    print(dict(events))
    print(f"hlbd and a program, at first: {sizes[0]}", f"at the end: {sizes[-1]}", sep="\n")
    expect_each_answer_right(field)
    expect_flat(sizes)
    assert lookup(LOOKED_UP[0]).ok
