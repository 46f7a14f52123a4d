"""Real glibc lookups, by the lookup program."""

from dataclasses import dataclass, field

from world import BUILD, run, seeing


@dataclass
class Result:
    """One distinct result of lookups, and how often it came."""

    status: str
    canon: str
    addresses: list
    count: int = 1

    @property
    def ok(self):
        return self.status == "OK"


@dataclass
class Lookups:
    results: list = field(default_factory=list)
    lookups: int = 0
    slowest_us: int = 0

    def addresses(self):
        return {address for result in self.results for address in result.addresses}

    def statuses(self):
        return {result.status for result in self.results}


def fields(line):
    return dict(word.split("=", 1) for word in line.split(" "))


def parse_lookups(text):
    found = Lookups()
    for line in text.splitlines():
        words = fields(line)
        if "status" in words:
            addresses = [each for each in words["addresses"].split(",") if each]
            found.results.append(
                Result(words["status"], words["canon"], addresses, int(words["n"]))
            )
        else:
            found.lookups = int(words["lookups"])
            found.slowest_us = int(words["slowest_us"])
    return found


def lookup_command(name, **options):
    command = [BUILD / "tests/lookup", name]
    for key, value in options.items():
        option = "--" + key.replace("_", "-")
        command += [option] if value is True else [] if value is False else [option, value]
    return command


def lookups(name, env=None, runtime=None, **options):
    """Many lookups of one name, in one process; options as the program's: count=…, family=…"""
    command = lookup_command(name, **options)
    return parse_lookups(run(*command, env=env, runtime=runtime).stdout)


def lookup(name, env=None, runtime=None, **options):
    """One lookup in a process of its own."""
    (result,) = lookups(name, env=env, runtime=runtime, **options).results
    return result


class Hammer:
    """Lookups from many threads in the background, while a test does something to hlbd."""

    def __init__(self, stage, name, seconds, threads=16, pause_us=500, env=None, runtime=None):
        options = {"threads": threads, "for": seconds, "pause_us": pause_us}
        command = [*seeing(runtime), *lookup_command(name, **options)]
        self.program = stage.program(*command, env=env)

    def result(self):
        assert self.program.process.wait(60) == 0, self.program.log()
        return parse_lookups(self.program.log())

    def running(self):
        return self.program.running()
