from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coverage_floors import Floor, find_gaps, main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def report_of(*files: tuple[str, int, int]) -> dict[str, Any]:
    """Files as (path, covered, wanted), half of them branches."""
    return {
        "files": {
            path: {
                "summary": {
                    "covered_lines": covered - covered // 2,
                    "covered_branches": covered // 2,
                    "num_statements": wanted - wanted // 2,
                    "num_branches": wanted // 2,
                }
            }
            for path, covered, wanted in files
        }
    }


def test_a_floor_is_counted_over_all_its_files_exactly() -> None:
    floors = (Floor("src/a/*", 95), Floor("src/b/*", 100))
    assert find_gaps(report_of(("src/a/x.py", 95, 100), ("src/b/y.py", 10, 10)), floors) == []
    # 99.995 % rounds to 100 % and is still not 100 %.
    gaps = find_gaps(report_of(("src/b/y.py", 19_999, 20_000), ("src/b/z.py", 1, 1)), floors)
    assert len(gaps) == 1
    assert "src/b/*" in gaps[0]
    assert "missing in src/b/y.py." in gaps[0]


def test_nothing_to_measure_is_no_gap() -> None:
    assert find_gaps(report_of(), (Floor("src/a/*", 95),)) == []


def test_the_program_is_silent_when_every_floor_is_reached(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report_of(("src/evenhand/tlog/notes.py", 10, 10))))
    assert main([str(file)]) == 0
    assert capsys.readouterr() == ("", "")
    file.write_text(json.dumps(report_of(("src/evenhand/tlog/notes.py", 9, 10))))
    assert main([str(file)]) == 1
    assert "src/evenhand/tlog/* reaches 90.00 %" in capsys.readouterr().err
    assert main([]) == 2
