"""What hlbd may do next in the files' model, one that runs or one that starts."""

from state import LEASE, STALE, Table


class Hlbd:
    """One writer in a state. Each step gives (what happens, the state after it)."""

    def __init__(self, model, state, index):
        self.model, self.state, self.index = model, state, index
        self.writer = state.writers[index]
        self.name = f"w{index}"

    def steps(self):
        if self.writer.step == "off":
            yield from self.off()
        elif self.writer.step != "dead":
            yield f"{self.name} crashes", self.to("dead")
            yield from getattr(self, self.writer.step.replace(" ", "_"))()

    def to(self, step, state=None, **changes):
        state = self.state if state is None else state
        return state.with_writer(self.index, step=step, **changes)

    def has_file(self):
        return self.writer.own is not None and self.writer.own >= 0

    def without_room(self):
        return -1 if self.writer.own is None else self.writer.own

    def off(self):
        others = self.state.writers
        if not self.model.overlap and any(each.alive for each in others):
            return
        if any(each.step == "off" for each in others[: self.index]):
            return
        path = self.state.path
        knows = path is not None and not self.state.tables[path].up
        new = any(each.new for each in others)  # the configuration's file has it
        yield f"{self.name} starts", self.to("clear", knows=int(knows), new=int(new))

    def idle(self):
        yield from self.learn()
        yield from self.reload()
        writer, state = self.writer, self.state
        wrong = (
            self.has_file()
            and (state.path != writer.own or state.tables[writer.own].superseded)
            and self.model.rule["watch path"]
        )
        lacks = wrong or not self.has_file() or (writer.new and not state.tables[writer.own].new)
        if lacks and writer.made < self.model.publications and not state.full:
            yield f"{self.name} tries again", self.to("clear")

    def learn(self):
        """The backend dies: a word in place, or known to hlbd alone."""
        if self.writer.knows:
            return
        state = self.state
        if self.has_file():
            told = 0 if state.told is None else state.told
            state = state.with_table(self.writer.own, up=0)._replace(told=told)
        yield f"{self.name} stores: dead", self.to(self.writer.step, state, knows=1)

    def reload(self):
        if not self.model.reload or self.writer.new or self.index != 0 or not self.has_file():
            return
        state, what = self.state, "reloads"
        if self.model.rule["mark"]:
            state = state.with_table(self.writer.own, incomplete=1)
            what = f"reloads, marks T{self.writer.own}"
        step = "clear" if self.writer.made < self.model.publications else "idle"
        yield f"{self.name} {what}", self.to(step, state, new=1)

    def clear(self):
        """What a predecessor, or this one, has left beside the table."""
        spare = self.state.spare
        if spare is None:
            yield f"{self.name} nothing to clear", self.to("draft")
        elif self.model.rule["exchange"]:
            ended = self.state.with_table(spare, superseded=1)
            yield f"{self.name} ends T{spare}", self.to("first wait", ended, old=spare, waited=0)
        else:
            yield f"{self.name} unlinks T{spare}", self.to("draft", self.state._replace(spare=None))

    def disown_predecessor(self):
        """The state in which no program believes the table of a predecessor."""
        if self.state.path is None or not self.model.rule["no room"]:
            return self.state
        return self.state.with_table(self.state.path, superseded=1)

    def draft(self):
        if self.state.full:
            state = self.disown_predecessor() if self.writer.own is None else self.state
            yield f"{self.name} finds no room", self.to("idle", state, own=self.without_room())
            return
        number = len(self.state.tables)
        draft = Table(up=1 - self.writer.knows, new=self.writer.new)
        state = self.state._replace(tables=self.state.tables + (draft,), spare=number)
        made = self.writer.made + 1
        yield f"{self.name} fills T{number}", self.to("rename", state, made=made, old=number)

    def rename(self):
        spare, path = self.state.spare, self.state.path
        if spare is None:  # an overlapping writer took it
            yield f"{self.name} lost its draft", self.to("idle", own=self.without_room(), old=None)
            return
        # By name: with an overlapping writer it may not be its own.
        kept = path if self.model.rule["exchange"] else None
        state = self.state._replace(path=spare, spare=kept)
        yield f"{self.name} renames T{spare}", self.to(
            "supersede", state, own=self.writer.old, old=path
        )

    def supersede(self):
        old = self.writer.old
        if old is None:
            yield f"{self.name} is first", self.to("idle", old=None)
        else:
            state = self.state.with_table(old, superseded=1)
            yield f"{self.name} supersedes T{old}", self.to("wait", state, waited=0)

    def wait(self):
        yield from self.end_old("idle")
        if self.has_file():
            yield from self.learn()

    def first_wait(self):
        """It serves from memory before its first file stands."""
        yield from self.end_old("draft")
        if not self.writer.knows and self.writer.own is None:
            state = self.disown_predecessor()
            yield f"{self.name} learns: dead", self.to("first wait", state, own=-1, knows=1)
        elif self.has_file():
            yield from self.learn()

    def end_old(self, step):
        old, state = self.writer.old, self.state
        if not self.writer.waited or old is None:
            return
        if old != state.path:
            state = state.with_table(old, punched=1)
        state = state._replace(spare=None if state.spare == old else state.spare)
        yield f"{self.name} punches T{old}", self.to(step, state, old=None, waited=0)


def tick(state):
    """A writer renews several times within a lease, so no tick without its renewal."""
    owned = {writer.own for writer in state.writers if writer.alive}
    tables = tuple(
        table._replace(
            lease=LEASE if k in owned and not table.superseded else max(table.lease - 1, -STALE)
        )
        for k, table in enumerate(state.tables)
    )
    writers = tuple(
        writer._replace(waited=1) if "wait" in writer.step else writer for writer in state.writers
    )
    told = None if state.told is None else min(state.told + 1, LEASE + STALE + 1)
    return state._replace(tables=tables, writers=writers, told=told)
