"""The parts of a measurement, by the names that bench takes."""

import changes
import closing
import detection
import engine
import exposure
import fleets
import measure
import operators
import reloads
import start

PARTS = {
    "lookups": measure.lookups,
    "tcp": engine.tcp,
    "http": engine.http,
    "start": start.start,
    "changes": changes.changes,
    "reload": reloads.reload,
    "closing": closing.closing,
    "detection": detection.detection,
    "exposure": exposure.exposure,
    "operator": operators.operator,
    "fleet": fleets.fleet,
}
ENGINE = [name for name in PARTS if name not in ("lookups", "operator", "fleet")]


def chosen(words):
    """The names of the parts that these words ask for: all without any, "engine" for those of
    checking. Raises ValueError for a word that is none."""
    names = [name for word in words for name in (ENGINE if word == "engine" else [word])]
    for name in names:
        if name not in PARTS:
            raise ValueError(f"no part \"{name}\": engine, {', '.join(PARTS)}")
    return names or list(PARTS)


def measured(names):
    return {case: samples for name in names for case, samples in PARTS[name]().items()}
