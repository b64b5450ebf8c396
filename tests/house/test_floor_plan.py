"""The contracts of .importlinter on small trees: each lets the plan pass and finds a bad import."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from house.floor import EDGES, ENGINES, ROOMS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    "access",
    "app",
    "conflicts",
    "exports",
    "formats",
    "imports",
    "items",
    "platform",
    "quality",
    "receipts",
    "sealing",
    "tasks",
    "tasktypes",
    "tlog",
    "transparency",
    "vault",
    "verify",
    "witness",
]
GOOD = {
    "app/compose.py": "import evenhand.exports\nimport evenhand.verify\n",
    "access/release.py": "from evenhand.vault import opening\n",
    "platform/web.py": "import fastapi\nimport starlette\n",
    "tasks/actions.py": "import evenhand.items\nimport evenhand.platform\n",
    "verify/receipt.py": "import evenhand.receipts\nimport evenhand.tlog\n",
}


def lint(folder: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for package in PACKAGES:
        (folder / "evenhand" / package).mkdir(parents=True)
        (folder / "evenhand" / package / "__init__.py").touch()
    (folder / "evenhand/__init__.py").touch()
    (folder / "evenhand/vault/opening.py").touch()
    for path, text in files.items():
        (folder / "evenhand" / path).parent.mkdir(exist_ok=True)
        (folder / "evenhand" / path).write_text(text)
    linter = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(linter), "--config", str(ROOT / ".importlinter"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_plan_passes(tmp_path: Path) -> None:
    result = lint(tmp_path, GOOD)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("path", "text", "contract"),
    [
        ("items/actions.py", "import evenhand.tasks\n", "Imports point down"),
        ("exports/actions.py", "import evenhand.imports\n", "Imports point down"),
        ("platform/db.py", "import evenhand.vault\n", "Imports point down"),
        ("novelty/__init__.py", "", "Imports point down"),
        ("tlog/notes.py", "import evenhand.platform\n", "Engines and the offline verifier"),
        ("quality/majority.py", "import asyncpg\n", "Engines and the offline verifier"),
        ("verify/log.py", "import evenhand.platform\n", "Engines and the offline verifier"),
        ("verify/log.py", "import evenhand.quality\n", "The verifier needs"),
        ("platform/db.py", "import fastapi\n", "The ground knows no web"),
        ("platform/web.py", "import uvicorn\n", "The ground knows no web"),
        ("tasks/actions.py", "import evenhand.vault.opening\n", "Only access opens"),
        ("tlog/a.py", "from evenhand.tlog import b\nb\n", "No rings"),
    ],
)
def test_a_bad_import_is_found(tmp_path: Path, path: str, text: str, contract: str) -> None:
    ring = {"tlog/b.py": "from evenhand.tlog import a\na\n"} if contract == "No rings" else {}
    result = lint(tmp_path, {**GOOD, **ring, path: text})
    assert result.returncode == 1, result.stdout + result.stderr
    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    unlisted = "novelty" in path and "evenhand.novelty" in result.stdout + result.stderr
    assert unlisted or any(line.startswith(contract) for line in broken), result.stdout


def test_the_house_rules_and_the_contracts_know_the_same_packages() -> None:
    text = (ROOT / ".importlinter").read_text()
    layers = text.split("layers =", 1)[1].split("[importlinter", 1)[0]
    others = {"__main__", "platform", "migrations"}
    assert {*re.findall(r"[a-z_]+", layers)} == EDGES | ROOMS | ENGINES | others
