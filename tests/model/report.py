"""What a part of the model found, held against what it should find."""

TOTAL = 0
SURPRISES = []


def report(what, states, found, expected):
    """`found`: property -> trace or None. `expected`: the properties that must fail."""
    global TOTAL
    TOTAL += states
    print(f"{what}: {states:,} states")
    for name, trace in found.items():
        fails, should = trace is not None, name in expected
        if fails != should:
            SURPRISES.append(f"{what}: {name}")
        verdict = "holds" if not fails else "FAILS (as expected)" if should else "FAILS"
        print(f"    {name:4} {verdict}" + (f"\n         {trace}" if fails else ""))
