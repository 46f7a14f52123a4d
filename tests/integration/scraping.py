"""What hlbd tells Prometheus, as a dict."""

import re

from world import run

AT = "127.0.0.1:9808"


def scrape(at=AT):
    if at.startswith("/"):
        return run("curl", "-sSf", "--unix-socket", at, "http://localhost/metrics").stdout
    return run("curl", "-sSfg", f"http://{at}/metrics").stdout


def samples(text):
    """{"name{label=…}": value}, the labels in the order of their names."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            name, _, labels = series.rstrip("}").partition("{")
            ordered = ",".join(sorted(re.findall(r'\w+="[^"]*"', labels)))
            found[f"{name}{{{ordered}}}" if ordered else name] = float(value)
    return found


def metric(series, at=AT):
    return samples(scrape(at))[series]
