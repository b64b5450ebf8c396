"""docs/reference/problems.md explains each code of the program, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.routes.operations import PROBLEMS_PAGE, documented_codes

SOURCES = Path(__file__).parents[2] / "src" / "evenhand"
_PYTHON = re.compile(
    r"\bcode(?:: ClassVar\[str\])? ?= ?\"([a-z_]+)\"|_refusing\(\"([a-z_]+)\"\)|\"code\": \"(\w+)\""
)
_SQL = re.compile(r"MESSAGE = '([a-z_]+)'")


def codes_in_the_program() -> set[str]:
    found: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        found |= {"".join(hit) for hit in _PYTHON.findall(path.read_text())}
    for path in SOURCES.rglob("*.sql"):
        found |= set(_SQL.findall(path.read_text()))
    return found - {"error"}  # The base class; nothing raises it.


def test_the_page_is_complete_and_has_nothing_else() -> None:
    assert documented_codes() == codes_in_the_program()


def test_each_row_says_all_four_things() -> None:
    rows = [line for line in PROBLEMS_PAGE.read_text().splitlines() if line.startswith("| `")]
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4, row
        assert all(cells), row
    assert len(rows) == len(documented_codes())
