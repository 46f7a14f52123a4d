"""Measures everything in the world that it is started in: main.py JSON-FILE (see bench)."""

import sys

import measure
import report
import servers


def main():
    servers.prepare()
    comparisons = report.compare(measure.everything())
    report.write_json(sys.argv[1], comparisons)
    print(report.table(comparisons))


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
