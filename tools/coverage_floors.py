"""`coverage_floors.py REPORT`: compares coverage.py's JSON report with the floors below.

Engines and every room's rules are pure, so each of their branches can be reached: 100 %. The whole
program must reach 95 %. Silent when all floors are reached; else one line each and exit 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

__all__ = ["FLOORS", "Floor", "find_gaps"]


@dataclass(frozen=True, slots=True)
class Floor:
    """Files by pattern and the percentage of lines and branches they must reach together."""

    pattern: str
    percent_min: float


FLOORS = (
    Floor("src/evenhand/formats/*", 100),
    Floor("src/evenhand/quality/*", 100),
    Floor("src/evenhand/receipts/*", 100),
    Floor("src/evenhand/sealing/*", 100),
    Floor("src/evenhand/tasktypes/*", 100),
    Floor("src/evenhand/tlog/*", 100),
    Floor("src/evenhand/*/rules.py", 100),
    Floor("src/evenhand/*", 95),
)


def find_gaps(report: dict[str, Any], floors: tuple[Floor, ...]) -> list[str]:
    """One sentence per floor that is not reached; a pattern without files has no gap.

    Percentages are (covered lines + covered branches) / (lines + branches), as coverage.py's own.
    """
    gaps: list[str] = []
    for floor in floors:
        covered = wanted = 0
        worst: list[tuple[int, str]] = []
        for path, file in report["files"].items():
            if not fnmatch(path, floor.pattern):
                continue
            summary = file["summary"]
            hit = summary["covered_lines"] + summary.get("covered_branches", 0)
            all_of_it = summary["num_statements"] + summary.get("num_branches", 0)
            covered += hit
            wanted += all_of_it
            worst.append((all_of_it - hit, path))
        # Exact integers: 99.96 % is not 100 %.
        if covered * 100 < floor.percent_min * wanted:
            names = ", ".join(path for missed, path in sorted(worst, reverse=True)[:3] if missed)
            percent = 100 * covered / wanted
            gaps.append(
                f"coverage: {floor.pattern} reaches {percent:.2f} %, the floor is "
                f"{floor.percent_min:g} %. Most is missing in {names}."
            )
    return gaps


def main(arguments: list[str]) -> int:
    """Exit code 0 when all floors are reached, else 1; 2 for wrong use."""
    if len(arguments) != 1:
        print("usage: coverage_floors.py REPORT.json", file=sys.stderr)
        return 2
    gaps = find_gaps(json.loads(Path(arguments[0]).read_text(encoding="utf-8")), FLOORS)
    for gap in gaps:
        print(gap, file=sys.stderr)
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
