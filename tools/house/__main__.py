"""`python -m house [--tighten] [--list]`, with `tools` on the path; exit 1 for a broken rule."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from house.reading import read_tree
from house.report import inspect_tree
from house.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
RATCHET = Path(__file__).with_name("ratchet.json")


def main(arguments: list[str]) -> int:
    """Prints each finding on a line of standard output."""
    parser = argparse.ArgumentParser(prog="house", description="Checks the house rules.")
    parser.add_argument("--list", action="store_true", help="print the rules and stop")
    parser.add_argument("--tighten", action="store_true", help="lower the ratchet to what is used")
    options = parser.parse_args(arguments)
    if options.list:
        for rule in RULES:
            print(f"{rule.code} {rule.title}{' (no waiver)' if rule.hard else ''}")
        return 0
    ratchet: dict[str, int] = json.loads(RATCHET.read_text(encoding="utf-8"))
    report = inspect_tree(read_tree(ROOT), RULES, ratchet=ratchet)
    for finding in report.findings:
        print(finding)
    if report.loose and options.tighten:
        tight = {code: report.used.get(code, 0) for code in sorted(ratchet)}
        kept = {code: min(ratchet[code], count) for code, count in tight.items() if count}
        RATCHET.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    elif report.loose:
        codes = ", ".join(sorted(report.loose))
        print(f"note: fewer waivers than allowed ({codes}): run with --tighten.", file=sys.stderr)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
