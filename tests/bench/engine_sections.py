"""What is shown of the engine: hlbd beside HAProxy, gdnsd and the floor."""

import engine
from probers import ALL, Floor, Haproxy, HlbdProber
from rows import Row, Section, Unit, adds_at_most, ratio_at_most

CPU = Unit("µs", 1000, "checks/s")
MEMORY = Unit("KiB", 1024)

WORDS = {"tcp": "TCP", "http": "HTTP, new connections", "reuse": "HTTP, kept connections"}
CPU_BOUNDS = {"tcp": ratio_at_most(1.0), "http": ratio_at_most(1.1), "reuse": ratio_at_most(0.4)}
MEMORY_BOUND = adds_at_most(2)


def rows_of_cpu(method, size):
    """hlbd against HAProxy, which has no kept connections: there against its new ones."""
    peer = engine.case_of("http" if method == "reuse" else method, size, Haproxy)
    for kind in ALL:
        if method in kind.methods:
            case = engine.case_of(method, size, kind)
            bound = CPU_BOUNDS[method] if kind is HlbdProber else None
            yield Row(label_of(method, kind), case, "" if case == peer else peer, bound)


def rows_of_memory(method, size):
    for kind in ALL:
        if method in kind.methods and kind is not Floor:
            case = "memory-" + engine.case_of(method, size, kind)
            yield Row(label_of(method, kind), case, "", MEMORY_BOUND if kind is HlbdProber else None)


def label_of(method, kind):
    return f"{kind.name}, {WORDS[method]}"


def sections_of(part, methods):
    for size in engine.SIZES:
        yield Section(f"CPU of a check, {size:,} backends, every second", part,
                      [row for method in methods for row in rows_of_cpu(method, size)], CPU)
    most = max(engine.SIZES)
    yield Section(f"Private memory of a backend, beyond the empty program ({most:,} backends)",
                  part, [row for method in methods for row in rows_of_memory(method, most)], MEMORY)


SECTIONS = [*sections_of("tcp", ["tcp"]), *sections_of("http", ["http", "reuse"])]
