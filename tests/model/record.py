"""One record whose words change in place, and one lookup of it; see check.

A word is the rank at which a backend is answered, or OUT; the lowest rank is answered.

A: sequentially consistent. A writer stores backends' words one by one, and the lookup may be
   stopped between any two loads. A crash of the writer at any step is covered: the lookup may end
   with the writer standing at any step for ever. Readers don't write, so one is all of them.
B: the same on weak memory: the view semantics of C++20's release, acquire and relaxed accesses.
   Each load may give any value not older than what the reader has to know.

What is true is what stands before and after each turn; amid one, either.
P1: somebody is answered who was never in. P2: nobody is, although somebody was in at any time.
P4: written behind the end of the caller's buffer. S1: somebody is answered who was in no right
answer. S2: the answer as a whole never was right, which isn't promised: a set may mix two moments.
"""

import itertools

from report import report

OUT = 9


def answer(words):
    """Who is answered, given each one's word."""
    best = min(words)
    return frozenset(i for i, word in enumerate(words) if word == best != OUT)


class Reachable:
    """Each state that is reached from the first one, once: what follows a state is added to it."""

    def __init__(self, first):
        self.seen = {first}
        self.todo = [first]

    def __iter__(self):
        while self.todo:
            yield self.todo.pop()

    def add(self, states):
        for state in states:
            if state not in self.seen:
                self.seen.add(state)
                self.todo.append(state)


def comes_in(before, after):
    """Whether a backend's word is stored before the counter, as publish/store_order.cpp has it."""
    best_before, best_after = min(before), min(after)
    was_in, is_in = answer(before), answer(after)

    def goes_first(i):
        if i in was_in and i in is_in:
            return best_after < best_before
        if i in was_in or i in is_in:
            return i in is_in
        return after[i] == OUT or after[i] > best_before

    return goes_first


def in_order(before, after, first):
    """The backends whose words change: those that come in, those that go out."""
    changed = [i for i in range(len(before)) if before[i] != after[i]]
    if first == "better":  # the worst priority first; the best one first
        ins = [i for i in changed if after[i] < before[i]]
        outs = [i for i in changed if after[i] > before[i]]
        return sorted(ins, key=lambda i: -after[i]), sorted(outs, key=lambda i: before[i])
    goes_first = comes_in(before, after)
    return [i for i in changed if goes_first(i)], [i for i in changed if not goes_first(i)]


def stores(script, discipline):
    """The writer's stores, one by one: (location, value, index of the turn). Location -1 is the
    record's counter. A script is a list of word tuples; the first is what stands at the start."""
    out, count, words = [], 0, script[0]
    for number, target in enumerate(script[1:]):
        ins, outs = in_order(words, target, discipline.get("first", "answered"))
        ins, outs = ([(i, target[i]) for i in some] for some in (ins, outs))
        bump = []
        if discipline["bump"] == "always" or (discipline["bump"] == "outs" and outs):
            count += 1
            bump = [(-1, count)]
        if discipline["bump"] == "odd":
            count += 2
            steps = [(-1, count - 1), *ins, *outs, (-1, count)]
        elif discipline.get("order") == "outs first":
            steps = outs + ins + bump
        else:
            steps = ins + bump + outs
        out += [(*step, number) for step in steps]
        words = target
    return out


def judge(result, truths):
    """The properties that `result` breaks, given what was true while the lookup went on."""
    answers = [answer(t) for t in truths]
    broken = []
    if any(all(t[i] == OUT for t in truths) for i in result):
        broken.append("P1")
    if any(not any(i in a for a in answers) for i in result):
        broken.append("S1")
    if result not in answers:
        broken.append("S2")
    if not result and all(answers):
        broken.append("P2")
    return broken


def fixed(*priorities):
    """The words that each backend may have, as long as nothing changes its priority."""
    return [(OUT, priority) for priority in priorities]


def scripts(choices, length):
    states = list(itertools.product(*choices))
    for n in range(1, length + 1):
        for script in itertools.product(states, repeat=n + 1):
            if all(a != b for a, b in zip(script, script[1:])):
                yield script


def history(script, steps):
    """The words and the counter after each number of stores."""
    words, contents, counter = list(script[0]), [script[0]], [0]
    for where, value, _ in steps:
        if where >= 0:
            words[where] = value
        contents.append(tuple(words))
        counter.append(value if where < 0 else counter[-1])
    return contents, counter


def true_between(script, steps, start, end):
    """What was true from that number of stores on to that one."""
    first = 0 if start == 0 else steps[start - 1][2] + 1
    if start < len(steps) and start > 0 and steps[start][2] == steps[start - 1][2]:
        first -= 1
    last = 0 if end == 0 else steps[end - 1][2] + 1
    return script[first : last + 1]


def record_sequential(title, choices, length, discipline, expected, tries=2):
    found = {"P1": None, "S1": None, "S2": None, "P2": None}
    states = unsettled = 0
    n = len(choices)
    twice = discipline.get("twice", False)
    for script in scripts(choices, length):
        steps = stores(script, discipline)
        contents, counter = history(script, steps)
        first = sum(1 for s in steps if s[2] == 0)
        for start in range(first):  # later starts are starts of a shorter script
            # position, try, pc, counter seen, words seen, last pass
            reachable = Reachable((start, 0, 0, None, (), None))
            for pos, attempt, pc, c1, words, last in reachable:
                states += 1
                following = []
                if pos < len(steps):
                    following.append((pos + 1, attempt, pc, c1, words, last))
                result = None
                if pc == 0:
                    following.append((pos, attempt, 1, counter[pos], (), last))
                elif pc <= n:
                    following.append(
                        (pos, attempt, pc + 1, c1, words + (contents[pos][pc - 1],), last)
                    )
                else:
                    if twice:
                        settled = last == words or min(words) != OUT
                    elif discipline["bump"] == "never":
                        settled = True
                    else:
                        settled = counter[pos] == c1 and not (
                            discipline["bump"] == "odd" and c1 % 2
                        )
                    if settled:
                        result = answer(words)
                    elif attempt + 1 < tries + (2 if twice else 0):
                        following.append((pos, attempt + 1, 0, None, (), words))
                    else:
                        unsettled += 1  # hlbd is asked, who answers from one instant
                if result is not None:
                    for name in judge(result, true_between(script, steps, start, pos)):
                        if found[name] is None:
                            found[name] = (
                                f"words: {' -> '.join(map(str, script))}; stores "
                                f"{[(w if w >= 0 else 'counter', v) for w, v, _ in steps]}; lookup from store {start} "
                                f"to {pos} saw {words}, answers {sorted(result)}"
                            )
                reachable.add(following)
    if discipline["bump"] == "odd":
        found[
            "WAIT"
        ] = "a writer that is stopped, or has died, between its stores: no pass settles, every lookup of that service goes to the bus"
    return title, states, found, expected


def record_many_passes(title, choices, length):
    """Sizes and fills in passes of their own over live words, as a table that never changes allows."""
    found = {"P1": None, "P4": None, "P2": None}
    states, n = 0, len(choices)
    discipline = {"bump": "never"}
    for script in scripts(choices, length):
        steps = stores(script, discipline)
        contents, _ = history(script, steps)
        reachable = Reachable((0, 0, None, 0, 0))  # position, pc, best, most, filled
        for state in reachable:
            pos, pc, best, most, filled = state
            states += 1
            following = [(pos + 1, *state[1:])] if pos < len(steps) else []
            where, i = divmod(pc, n)
            if where < 3:
                p = contents[pos][i]
                up = p != OUT
                if where == 0 and up and (best is None or p < best):
                    following.append((pos, pc + 1, p, most, filled))
                elif where == 1 and up and p == best:
                    following.append((pos, pc + 1, best, most + 1, filled))
                elif where == 2 and up and p == best:
                    following.append((pos, pc + 1, best, most, filled + 1))
                else:
                    following.append((pos, pc + 1, best, most, filled))
            else:
                text = f"words: {' -> '.join(map(str, script))}, lookup sized {most}, filled {filled}"
                if filled > most:
                    found["P4"] = found["P4"] or text + ": written behind the end"
                if best is not None and filled == 0:
                    found["P1"] = (
                        found["P1"] or text + ": success with an address that nobody wrote"
                    )
                if best is None and all(
                    answer(t) for t in true_between(script, steps, 0, pos)
                ):
                    found["P2"] = found["P2"] or text + ": none healthy"
            reachable.add(following)
    return title, states, found, {"P1", "P2", "P4"}


def record_weak(title, choices, length, orders, expected):
    """orders: (store of words, store of counter, load of words, first load of counter): True = release or acquire."""
    release_word, release_count, acquire_word, acquire_count = orders
    discipline = {"bump": "always"}
    found = {"P1": None, "S1": None, "P2": None}
    states, n = 0, len(choices)
    for script in scripts(choices, length):
        steps = stores(script, discipline)
        # what each location goes through: (value, time of the store)
        gone = {i: [(script[0][i], 0)] for i in range(n)}
        gone[-1] = [(0, 0)]
        for at, (where, value, _) in enumerate(steps, 1):
            gone[where].append((value, at))
        first = sum(1 for s in steps if s[2] == 0)
        for start in range(first):
            # A view per location is the time of the newest store there that the reader must know.
            def know(view, until):
                return tuple(
                    max(v, max(t for _, t in gone[loc] if t <= until))
                    for v, loc in zip(view, [-1, *range(n)])
                )

            reachable = Reachable((0, know((0,) * (n + 1), start), start, None, ()))
            for pc, view, newest, c1, words in reachable:
                states += 1
                following = []
                location = -1 if pc in (0, n + 1) else pc - 1
                acquire = acquire_count if pc == 0 else acquire_word if pc <= n else False
                release = release_count if location < 0 else release_word
                for value, at in gone[location]:
                    if at < view[location + 1]:
                        continue
                    v = list(view)
                    v[location + 1] = at
                    v = know(tuple(v), at) if acquire and release else tuple(v)
                    latest = max(newest, at)
                    if pc == 0:
                        following.append((1, v, latest, value, ()))
                    elif pc <= n:
                        following.append((pc + 1, v, latest, c1, words + (value,)))
                    elif value == c1:  # else: again, or the bus
                        result = answer(words)
                        truths = true_between(script, steps, start, latest)
                        for name in judge(result, truths):
                            if name in found and found[name] is None:
                                found[name] = (
                                    f"words: {' -> '.join(map(str, script))}; from store {start}, knows up "
                                    f"to {latest}, saw {words}, answers {sorted(result)}"
                                )
                reachable.add(following)
    return title, states, found, expected


def shares_a_rank(choices):
    ranks = [word for words in choices for word in words if word != OUT]
    return len(set(ranks)) < len(ranks)


def explore():
    two, three = fixed(0, 1), fixed(0, 0, 1)
    live = [(OUT, 0, 1)] * 2  # priorities that change, too
    print("== A: one record, sequentially consistent ==")
    report(*record_many_passes("A0 several passes, as over a table that never changes", three, 2))
    report(
        *record_sequential(
            "A1 one pass; outs stored before ins",
            two,
            2,
            {"bump": "never", "order": "outs first"},
            {"S1", "S2", "P2"},
        )
    )
    report(
        *record_sequential(
            "A2 one pass; ins before outs, nothing else",
            two,
            2,
            {"bump": "never"},
            {"S1", "S2", "P2"},
        )
    )
    report(
        *record_sequential(
            "A3 'none' believed only when seen twice, no counter",
            two,
            3,
            {"bump": "never", "twice": True},
            {"S1", "S2", "P2"},
            3,
        )
    )
    report(
        *record_sequential(
            "A4 ins, counter, outs; the counter moves only with outs",
            three,
            2,
            {"bump": "outs"},
            {"S1", "S2", "P2"},
        )
    )
    for choices, length in (
        (two, 4),
        (fixed(1, 0), 3),
        (three, 2),
        (fixed(1, 0, 0), 2),
        (fixed(0, 1, 2), 2),
        (fixed(2, 1, 0), 2),
        (live, 2),
        ([(OUT, 0, 1, 2)] * 2, 2),
        ([(OUT, 0, 1)] * 3, 1),
        ([(OUT, 0, 1), (OUT, 0, 1), (OUT, 2)], 2),
    ):
        report(
            *record_sequential(
                f"A5 ins, counter, outs; always all three {choices} x {length}",
                choices,
                length,
                {"bump": "always"},
                {"S2"} if shares_a_rank(choices) else set(),
            )
        )
    for choices, length in ((fixed(0, 1, 2), 2), ([(OUT, 0, 1)] * 3, 1)):
        report(
            *record_sequential(
                f"A6 a better word comes in, a worse one goes out {choices} x {length}",
                choices,
                length,
                {"bump": "always", "first": "better"},
                {"S1", "S2"},
            )
        )
    report(
        *record_sequential(
            "A7 a full sequence lock (odd while storing)",
            two,
            3,
            {"bump": "odd"},
            {"WAIT"},
        )
    )
    print("== B: one record, weak memory ==")
    yes, no = True, False
    report(*record_weak("B0 all relaxed", two, 2, (no, no, no, no), {"S1", "P2"}))
    report(
        *record_weak(
            "B1 only the counter released and acquired", two, 2, (no, yes, no, yes), {"S1", "P2"}
        )
    )
    report(
        *record_weak(
            "B2 only the words released and acquired", two, 3, (yes, no, yes, no), {"S1", "P2"}
        )
    )
    for choices, length in (
        (two, 4),
        (fixed(1, 0), 3),
        (three, 2),
        (fixed(0, 1, 2), 2),
        (live, 2),
        ([(OUT, 0, 1)] * 3, 1),
    ):
        report(
            *record_weak(
                f"B3 all released; words and first counter acquired {choices} x {length}",
                choices,
                length,
                (yes, yes, yes, yes),
                set(),
            )
        )
