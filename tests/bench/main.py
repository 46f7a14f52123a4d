"""Measures in the world that it is started in: main.py JSON-FILE [PART …] (see bench)."""

import sys

import parts
import report
import servers


def main():
    names = parts.chosen(sys.argv[2:])
    servers.prepare()
    comparisons = report.compare(parts.measured(names), names)
    report.write_json(sys.argv[1], comparisons)
    print(report.table(comparisons))


try:
    main()
except ValueError as error:
    sys.exit(f"bench: {error}")
except KeyboardInterrupt:
    sys.exit(130)
