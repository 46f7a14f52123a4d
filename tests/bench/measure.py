"""What is measured of lookups: the cases, the servers they need, and the samples that come of
it."""

import contextlib
import subprocess
import sys
from typing import NamedTuple

import servers
from world import BUILD, service

WARM_ROUNDS = 201
FIRST_ROUNDS = 501
THREADS_ROUNDS = 41
THREADS = [1, 2, 8]
TABLES = [1, 1000, 100_000]


class Case(NamedTuple):
    """As the sampler takes it, see plan.h. Its result is {round: nanoseconds}, or the reason why
    there is none."""

    name: str
    kind: str
    sources: str
    runtime: str
    host: str
    hosts: int = 1
    threads: int = 1


UNEVEN = ["127.0.0.1", "127.0.0.2"]  # glibc's sort always puts 127.0.0.1 first
EVEN = ["127.0.0.2", "127.0.0.3"]  # equal to glibc's sort, so both always fit one answer

CHECK = {"type": "tcp", "port": servers.PORT, "interval": "2s"}
SERVICES = [
    service("one.bench", UNEVEN, CHECK, answer="one"),
    service("even.bench", EVEN, CHECK, answer="spread"),
    service("uneven.bench", UNEVEN, CHECK, answer="spread"),
]

PEERS = {
    "dns": (servers.dnsmasq, [
        Case("dns1", "lookup", "dns", "-", "one.dns"),
        Case("dns2", "lookup", "dns", "-", "two.dns")]),
    "nscd": (servers.nscd, [
        Case("nscd1", "lookup", "-", "-", "one.files"),
        Case("nscd2", "lookup", "-", "-", "two.files")]),
    "resolve": (servers.resolved, [
        Case("resolve1", "lookup", "resolve", "-", "one.files"),
        Case("resolve2", "lookup", "resolve", "-", "two.files")]),
}

FLOORS = [
    Case("null1", "lookup", "null1", "-", "any.bench"),
    Case("null2", "lookup", "null2", "-", "any.bench"),
    Case("files1", "lookup", "files", "-", "one.files"),
    Case("files2", "lookup", "files", "-", "two.files"),
]

FIRST_FLOORS = [
    Case("first-null1", "first", "null1", "-", "any.bench"),
    Case("first-null2", "first", "null2", "-", "any.bench"),
]


def warm_cases(hlbd):
    return [
        Case("one", "lookup", "hlb", hlbd.table_only, "one.bench"),
        Case("even", "lookup", "hlb", hlbd.table_only, "even.bench"),
        Case("uneven", "lookup", "hlb", hlbd.table_only, "uneven.bench"),
        Case("bus", "lookup", "hlb", hlbd.bus_only, "even.bench"),
        Case("foreign", "lookup", "hlb,null1", hlbd.table_only, "any.other"),
        Case("foreign-call", "foreign", "-", hlbd.table_only, "any.other"),
    ]


def first_cases(hlbd):
    return [
        Case("first-one", "first", "hlb", hlbd.table_only, "one.bench"),
        Case("first-even", "first", "hlb", hlbd.table_only, "even.bench"),
        Case("first-bus", "first", "hlb", hlbd.bus_only, "even.bench"),
    ]


def threads_floors():
    return [Case(f"threads-{threads}-null1", "threads", "null1", "-", "s0.bench", 1, threads)
            for threads in THREADS]


def threads_cases(hlbd, size):
    for threads in THREADS:
        name = f"threads-{threads}-{size}"
        yield Case(name, "threads", "hlb", hlbd.table_only, "s#.bench", size, threads)
        yield Case(name + "-same", "threads", "hlb", hlbd.table_only, "s0.bench", 1, threads)


def sample(cases, rounds):
    """Runs the sampler on these cases, interleaved."""
    plan = "".join(" ".join(map(str, case)) + "\n" for case in cases)
    print(f"bench: {len(cases)} cases, {rounds} rounds …", file=sys.stderr)
    output = subprocess.run([BUILD / "bench/sampler", str(rounds), str(servers.MEASURED_CORE)],
                            input=plan, env=servers.client_environment(), stdout=subprocess.PIPE,
                            text=True, check=True).stdout
    results = {case.name: {} for case in cases}
    for line in output.splitlines():
        name, number, figure = line.split(" ", 2)
        if number == "failed":
            results[name] = f"failed: {figure}"
        else:
            results[name][int(number)] = float(figure)
    return results


def start(running, results, made, cases):
    """Enters a server made by `made`; the cases that need it, or none with the reason noted."""
    try:
        running.enter_context(made())
        return cases
    except (servers.NotRunning, OSError) as error:
        results.update({case.name: f"not measured: {error}" for case in cases})
        return []


def warm_and_first():
    results = {}
    with contextlib.ExitStack() as running:
        hlbd = servers.Daemon("warm", SERVICES, ["even.bench"], EVEN)
        first = first_cases(hlbd)
        cases = start(running, results, hlbd.run, warm_cases(hlbd) + first)
        warm = FLOORS + [case for case in cases if case not in first]
        for peer, peer_cases in PEERS.values():
            warm += start(running, results, peer, peer_cases)
        results |= sample(warm, WARM_ROUNDS)
        results |= sample(FIRST_FLOORS + (first if cases else []), FIRST_ROUNDS)
    return results


def table_of(size):
    """hlbd with so many services, checked so seldom that nothing disturbs the measurement."""
    check = {**CHECK, "interval": "1h", "timeout": "30s"}
    hosts = [f"s{number}.bench" for number in range(size)]
    services = [service(host, ["127.0.0.1"], check, answer="one") for host in hosts]
    return servers.Daemon(f"table-{size}", services, hosts, ["127.0.0.1"])


def threads():
    results = {}
    cases = threads_floors()
    with contextlib.ExitStack() as running:
        for size in TABLES:
            hlbd = table_of(size)
            cases += start(running, results, hlbd.run, list(threads_cases(hlbd, size)))
        results |= sample(cases, THREADS_ROUNDS)
    return results


def lookups():
    return warm_and_first() | threads()
