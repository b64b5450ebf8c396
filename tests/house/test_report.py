from __future__ import annotations

from house import RULES, Tree, inspect_tree

PATH = "src/evenhand/tlog/notes.py"
BROKEN = "import os\nx = os.urandom(8)"


def codes(text: str, *, ratchet: dict[str, int], path: str = PATH) -> list[tuple[str, int]]:
    rules = [rule for rule in RULES if rule.code in {"H002", "H010", "H004"}]
    report = inspect_tree(Tree.of({path: text}), rules, ratchet=ratchet)
    return [(finding.code, finding.line) for finding in report.findings]


def test_a_finding_names_its_place() -> None:
    report = inspect_tree(Tree.of({PATH: BROKEN}), RULES, ratchet={})
    assert f"{PATH}:2: H010 os.urandom is chance." in str(report.findings[-1])
    assert str(report.findings[0]).startswith("src/evenhand/tlog/README.md: H006 ")


def test_a_waiver_with_a_reason_covers_its_line_and_the_next() -> None:
    assert codes(BROKEN, ratchet={}) == [("H010", 2)]
    assert codes(f"{BROKEN}  # house: H010 a proof\n", ratchet={"H010": 1}) == []
    above = "import os\n# house: H010 a proof\nx = os.urandom(8)\n"
    assert codes(above, ratchet={"H010": 1}) == []
    too_far = "import os\n# house: H010 a proof\n\nx = os.urandom(8)\n"
    assert codes(too_far, ratchet={"H010": 1}) == [("H000", 2), ("H010", 4)]


def test_a_waiver_anywhere_covers_a_finding_about_the_whole_file() -> None:
    text = "x = 1\n" * 401 + "# house: H002 one table of constants\n"
    assert codes(text, ratchet={"H002": 1}) == []


def test_waivers_beyond_the_ratchet_are_a_finding() -> None:
    assert codes(f"{BROKEN}  # house: H010 a proof\n", ratchet={}) == [("H000", 0)]


def test_a_waiver_that_is_wrong_itself_is_a_finding() -> None:
    assert codes(f"{BROKEN}  # house: H010\n", ratchet={"H010": 1}) == [("H000", 2), ("H010", 2)]
    assert codes("x = 1  # house: H010 nothing here\n", ratchet={}) == [("H000", 1)]
    assert codes("x = 1  # house: H999 unknown\n", ratchet={}) == [("H000", 1)]
    hard = "x = 1  # house: H004 I like it\n"
    assert codes(hard, ratchet={"H004": 1}, path="src/evenhand/tlog/utils.py") == [
        ("H004", 0),
        ("H000", 1),
    ]


def test_a_string_is_no_waiver() -> None:
    assert codes('x = "# house: H010 text"\n', ratchet={}) == []


def test_sql_and_javascript_have_their_own_comments() -> None:
    long = "SELECT 1;\n" * 401
    path = "src/evenhand/migrations/0001_base.sql"
    assert codes(long, ratchet={"H002": 1}, path=path) == [("H002", 0)]
    assert codes(f"{long}-- house: H002 one schema\n", ratchet={"H002": 1}, path=path) == []


def test_a_loose_ratchet_is_told() -> None:
    report = inspect_tree(Tree.of({PATH: "x = 1\n"}), RULES, ratchet={"H010": 2})
    assert report.loose == {"H010": 0}
