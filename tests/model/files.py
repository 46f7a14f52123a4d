"""C: the files. Writers that crash, overlap, find the file system full; new files, exchanged names,
supersession, holes; a reader that maps once, may be stopped anywhere, may lose the folder; see
check.

P3: a name of hlbd's is said not to be. P5: a table is believed that was superseded before. P6, P7:
a dead backend is answered for longer than a table is believed, or than hlbd has known better. P8:
more than two whole tables take room. FAST: no lookup is answered from a table any more. BUS: a hole
is read while the file system is full (SIGBUS). SLOW: a name of others waits for hlbd.
"""

from collections import deque
from functools import partial

from reader import Lookup
from report import report
from state import RULES, State, Writer
from writer import Hlbd, tick

PROPERTIES = ("P3", "P5", "P6", "P7", "P8", "FAST", "BUS", "SLOW")


class Model:
    """All that may happen under these rules, explored breadth first."""

    def __init__(self, off, writers, overlap, can_fill, blind, reload, publications):
        self.rule = {name: name not in off for name in RULES}
        self.overlap, self.can_fill, self.blind = overlap, can_fill, blind
        self.reload, self.publications = reload, publications
        self.start = State(writers=(Writer(),) * writers)
        self.parent = {self.start: None}
        self.found = dict.fromkeys(PROPERTIES)

    def fail(self, name, state, last):
        if self.found[name] is None:
            self.found[name] = self.trace(state, last)

    def trace(self, state, last):
        steps = [last]
        while self.parent[state] is not None:
            state, step = self.parent[state]
            steps.append(step)
        return " > ".join(reversed(steps))

    def steps(self, state):
        for index in range(len(state.writers)):
            yield from Hlbd(self, state, index).steps()
        if self.can_fill:
            what = "/run has room" if state.full else "/run is full"
            yield what, state._replace(full=1 - state.full)
        yield "tick", tick(state)
        yield from Lookup(self, state).steps()

    def check(self, state):
        used = (state.path, state.spare, state.reader.mapped)
        whole = [k for k, table in enumerate(state.tables) if not table.punched and k in used]
        if len(whole) > 2:
            self.fail("P8", state, f"{len(whole)} whole tables")
        alive = [writer for writer in state.writers if writer.alive]
        if (
            self.rule["watch path"]
            or len(alive) != 1
            or alive[0].step != "idle"
            or alive[0].own < 0
        ):
            return
        own = alive[0].own
        if state.path != own or state.tables[own].superseded:
            self.fail(
                "FAST", state, "and no lookup is answered from a table, until the next reload"
            )

    def explore(self):
        queue = deque([self.start])
        while queue:
            state = queue.popleft()
            self.check(state)
            for step, following in self.steps(state):
                if following not in self.parent:
                    self.parent[following] = (state, step)
                    queue.append(following)
        return len(self.parent)


def files(
    title, off=(), writers=2, overlap=False, can_fill=True, blind=False, reload=True,
    publications=2, expected=(),
):  # fmt: skip
    model = Model(off, writers, overlap, can_fill, blind, reload, publications)
    report(title, model.explore(), model.found, set(expected))


def explain():
    print("== C: the files ==")
    for name, text in RULES.items():
        print(f"    rule {name}: {text}")


# The parts, each explored for itself.
PARTS = [
    explain,
    partial(files, "C1 all rules; two files each, a reload", publications=2, can_fill=False),
    partial(files, "C2 all rules; /run fills and empties "
            "(BUS: a lookup stopped over the wait reads a hole while there is no room)", publications=1, expected={"BUS"}),
    partial(files, "C3 all rules; a reader without descriptors",
            publications=1, can_fill=False, blind=True),
    partial(files, "C4 all rules; two that overlap",
            publications=1, can_fill=False, overlap=True, reload=False),
    partial(files, "C5 without: end check",
            ("end check",), publications=1, can_fill=False, expected={"P3"}),
    partial(files, "C6 without: exchange",
            ("exchange",), publications=2, can_fill=False, expected={"P7", "P8"}),
    partial(files, "C7 without: look at path",
            ("look at path",), publications=1, can_fill=False, blind=True, expected={"P3", "P5"}),
    partial(files, "C8 without: blind",
            ("blind",), publications=1, can_fill=False, blind=True, expected={"P3"}),
    partial(files, "C9 without: no room", ("no room",), publications=1, expected={"P7", "BUS"}),
    partial(files, "C10 without: watch path",
            ("watch path",), publications=1, can_fill=False, overlap=True, reload=False, expected={"FAST"}),
    partial(files, "C11 without: mark", ("mark",), publications=1, can_fill=False, expected={"P3"}),
    partial(files, "C12 without: foreign",
            ("foreign",), publications=1, can_fill=False, expected={"SLOW"}),
]
