"""What a lookup may do next in the files' model."""

from state import LEASE, STALE, Reader


class Lookup:
    """The reader in a state. Each step gives (what happens, the state after it)."""

    def __init__(self, model, state):
        self.model, self.state, self.reader = model, state, state.reader
        self.table = None if self.reader.mapped is None else state.tables[self.reader.mapped]
        self.living = [each for each in state.writers if each.alive and each.own is not None]

    def steps(self):
        yield from getattr(self, self.reader.step.replace(" ", "_"))()

    def to(self, step, **changes):
        return self.state.with_reader(step=step, **changes)

    def fresh(self, number):
        table = self.state.tables[number]
        return not table.superseded and table.lease > 0

    def end(self, result, used=None, how="blind"):
        last = f"lookup{' of the new name' if self.reader.new else ''} ends {how}: {result}"
        if result == "not ours":
            self.check_name(last)
        if used is not None and self.reader.superseded >> used & 1:
            self.model.fail("P5", self.state, last)
        if result == "up" and not self.model.overlap:
            self.check_up(last, how)
        return last, self.state._replace(reader=Reader(mapped=self.reader.mapped))

    def check_name(self, last):
        state, must = self.state, self.reader.must
        stood = must % 2 and state.tables[state.path].lease > -STALE
        if stood and (not self.reader.new or state.tables[state.path].new):
            self.model.fail("P3", state, last)  # a table that has it stood from start to end
        if must > 1 and state.writers[must // 2 - 1].alive:
            self.model.fail("P3", state, last)  # hlbd has confirmed it before, and lives

    def check_up(self, last, how):
        writers, told = self.state.writers, self.reader.told
        if self.reader.late and how != "by hlbd":
            self.model.fail("P6", self.state, last)
        if told and writers[told - 1].alive and sum(each.alive for each in writers) == 1:
            self.model.fail("P7", self.state, last)

    # ---- the table that is mapped, or the one that stands -------------------------------------

    def idle(self):
        for new in (0, 1):
            yield from self.begin(Reader(mapped=self.reader.mapped, new=new, **self.facts(new)))

    def again(self):
        yield from self.begin(self.reader._replace(found=0, up=0), always=True)

    def begin(self, reader, always=False):
        path, mapped = self.state.path, reader.mapped
        for sees in (True, False) if self.model.blind and mapped is not None else (True,):
            number = mapped
            wants = number is None or not self.fresh(number) or always
            if wants and path is not None and sees:
                number = path
            what = f"{'nothing' if number is None else f'T{number}'}{'' if sees else ', blind'}"
            name = " of the new name" if reader.new else ""
            after = reader._replace(mapped=number, step=self.way(number))
            yield f"lookup{name} on {what}", self.state._replace(reader=after)

    def way(self, number):
        if number is None:
            return "ask"
        if self.fresh(number):
            return "read"
        stands = number == self.state.path and not self.state.tables[number].superseded
        return "look" if stands and self.model.rule["foreign"] else "ask"

    def facts(self, new):
        state, running = self.state, ("idle", "wait")
        late = state.told is not None and state.told > LEASE + STALE
        superseded = sum(
            1 << k for k, table in enumerate(state.tables) if table.superseded and k != state.path
        )
        told, confirmed = 0, 0
        for i, writer in enumerate(state.writers, 1):
            if writer.knows and writer.step in (*running, "first wait"):
                told = i
            if new and writer.new and writer.step in running:
                confirmed = i
        stands = state.path is not None and (not new or state.tables[state.path].new)
        all_know = all(writer.knows for writer in state.writers if writer.alive)
        return {
            "late": int(late and all_know),
            "superseded": superseded,
            "told": told,
            "must": 2 * confirmed + int(stands),
        }

    def read_mapped(self, step, what):
        if self.table.punched and self.state.full:
            self.model.fail("BUS", self.state, f"{what} T{self.reader.mapped}'s hole")
        has = not self.table.punched and (not self.reader.new or self.table.new)
        up = int(has and self.table.up and step != "judge name")
        yield f"{what} T{self.reader.mapped}", self.to(step, found=int(has), up=up)

    def read(self):
        yield from self.read_mapped("check", "reads")

    def look(self):
        """Only whether it has the name, as nobody renews it."""
        yield from self.read_mapped("judge name", "looks into")

    def turned_to(self, step):
        return self.to(step, found=0, up=0)

    def start_over(self):
        step = "again" if self.reader.tries < 2 else "ask"
        state = self.to(step, found=0, up=0, tries=self.reader.tries + 1)
        return f"T{self.reader.mapped} is superseded", state

    def judge_name(self):
        reader = self.reader
        if self.table.superseded and self.model.rule["end check"]:
            yield self.start_over()
        elif reader.found or self.table.incomplete:
            yield "hlbd is to be asked", self.turned_to("ask")
        else:
            yield self.end("not ours", reader.mapped, f"from T{reader.mapped}, left")

    def check(self):
        reader = self.reader
        if self.table.superseded and self.model.rule["end check"]:
            yield self.start_over()
        elif not reader.found and self.table.incomplete:
            yield f"T{reader.mapped} is incomplete", self.turned_to("ask")
        else:
            result = "up" if reader.up else "none healthy" if reader.found else "not ours"
            yield self.end(result, reader.mapped, f"from T{reader.mapped}")

    # ---- hlbd, and what it has left ------------------------------------------------------------

    def ask(self):
        reader, state = self.reader, self.state
        if reader.new and reader.mapped is not None and reader.mapped == state.path:
            if not (self.table.superseded or self.table.incomplete or self.table.new):
                self.model.fail("SLOW", state, "hlbd is asked for a name that the newest lacks")
        if self.living:
            hlbd = self.living[-1]
            unknown = reader.new and not hlbd.new
            result = "not ours" if unknown else "none healthy" if hlbd.knows else "up"
            yield self.end(result, None, "by hlbd")
        elif reader.mapped is None:
            yield self.end("not ours")
        elif self.model.rule["look at path"] and reader.mapped != state.path:
            yield from self.turn_to_another()
        else:
            yield "hlbd is silent", self.turned_to("read left")

    def turn_to_another(self):
        tries = self.reader.tries
        if tries < 2 and not (self.model.blind and tries):
            state = self.to("again", found=0, up=0, tries=tries + 1)
            yield "hlbd is silent, another file stands", state
        else:
            yield self.end(self.when_blind())

    def when_blind(self):
        return "try again" if self.model.rule["blind"] else "not ours"

    def read_left(self):
        yield from self.read_mapped("check left", "reads")

    def check_left(self):
        reader = self.reader
        used = reader.mapped if reader.mapped != self.state.path else None
        if used is not None and self.model.rule["look at path"]:
            yield self.end(self.when_blind())
        elif not reader.found:
            yield self.end("not ours", used, f"from T{reader.mapped}")
        else:
            result = "up" if reader.up and self.table.lease > -STALE else "none healthy"
            yield self.end(result, used, f"from T{reader.mapped}, left")
