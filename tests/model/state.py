"""What a moment of the files' model consists of. All times are relative, so that they are few."""

from typing import NamedTuple, Optional, Tuple

LEASE, STALE = 1, 1  # ticks; a program believes a table that nobody renews for LEASE + STALE

RULES = {
    "end check": "the reader looks at `superseded` again after it has read, also before 'not ours'",
    "exchange": "the old file keeps a name (table.new) until its pages are given back; who starts "
    "ends what he finds there",
    "look at path": "before the reader falls back on what it has mapped, it looks whether another "
    "file stands, and starts over with it",
    "blind": "whoever can't open the newer table (no descriptors) says 'try again', not 'not ours'",
    "no room": "a hlbd that knows better and has no file of its own as yet (no room, or waiting) "
    "marks its predecessor's as superseded",
    "watch path": "a writer whose file no longer stands at the path, or is superseded, makes a new "
    "one",
    "mark": "`incomplete` is set before a reload with new names is confirmed",
    "foreign": "a name that the newest table doesn't have isn't asked for at hlbd, also when the "
    "lease is over",
}


class Table(NamedTuple):
    superseded: int = 0
    incomplete: int = 0
    punched: int = 0
    lease: int = LEASE  # how long it lasts; below 0: for how long it has been over
    up: int = 1  # what it says of the one backend
    new: int = 0  # whether it has the new name


class Writer(NamedTuple):
    step: str = "off"
    own: Optional[int] = None  # its table; None before it has tried, -1: there was no room
    knows: int = 0  # that the backend is dead
    new: int = 0  # it serves the new name
    made: int = 0  # how many tables
    old: Optional[int] = None  # the table that it is about to end
    waited: int = 0  # for a tick

    @property
    def alive(self):
        return self.step not in ("off", "dead")


class Reader(NamedTuple):
    mapped: Optional[int] = None
    step: str = "idle"
    new: Optional[int] = None  # it asks for the new name
    # The state when the lookup began:
    late: int = 0  # "up" had been wrong for longer than a table is believed
    superseded: int = 0  # which tables no longer stood, a bit each
    told: int = 0  # which writer had published that the backend is dead, from 1 on
    must: int = 0  # who has the name: 1 the table that stands, and twice the writer, from 1 on
    # The lookup's findings:
    found: int = 0
    up: int = 0
    tries: int = 0


class State(NamedTuple):
    writers: Tuple[Writer, ...]
    path: Optional[int] = None  # which table stands
    spare: Optional[int] = None  # which one is table.new
    full: int = 0  # the file system
    tables: Tuple[Table, ...] = ()
    reader: Reader = Reader()
    told: Optional[int] = None  # for how long it has been published that the backend is dead

    def with_table(self, index, **changes):
        table = self.tables[index]._replace(**changes)
        return self._replace(tables=self.tables[:index] + (table,) + self.tables[index + 1 :])

    def with_writer(self, index, **changes):
        writer = self.writers[index]._replace(**changes)
        return self._replace(writers=self.writers[:index] + (writer,) + self.writers[index + 1 :])

    def with_reader(self, **changes):
        return self._replace(reader=self.reader._replace(**changes))
