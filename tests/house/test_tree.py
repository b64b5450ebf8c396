"""The gates on this very tree: what `make check` says, told by the tests too."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.reading import read_tree

ROOT = Path(__file__).resolve().parents[2]


def test_the_tree_is_read_without_caches_and_data_of_others(tmp_path: Path) -> None:
    for name in (
        ".ci/run",
        ".gitignore",
        ".venv/a.py",
        "a.py",
        "frontend/node_modules/b.js",
        "picture.png",
        "tests/quality/data/labels.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / "large.json").write_bytes(b" " * 2_000_001)
    assert sorted(read_tree(tmp_path).sources) == [".ci/run", ".gitignore", "a.py"]


def test_the_ratchet_names_rules_that_exist() -> None:
    ratchet = json.loads((ROOT / "tools/house/ratchet.json").read_text())
    listed = subprocess.run(
        [sys.executable, "-m", "house", "--list"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(code in listed and count > 0 for code, count in ratchet.items())


def test_the_lock_files_agree() -> None:
    result = subprocess.run(
        ["sh", "tools/lock.sh", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("purpose", ["runtime", "test"])
def test_a_changed_export_is_refused(tmp_path: Path, purpose: str) -> None:
    for name in ("tools/lock.sh", "pyproject.toml", "uv.lock", "README.md", "LICENSE", "NOTICE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/uv").symlink_to(Path(sys.executable).parent / "uv")
    with (tmp_path / f"requirements/{purpose}.txt").open("a") as file:
        file.write("left-pad==1.0\n")
    result = subprocess.run(
        ["sh", "tools/lock.sh", "--check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert f"requirements/{purpose}.txt differs from uv.lock" in result.stderr


def test_every_requirement_is_pinned_with_a_hash() -> None:
    for purpose in ("runtime", "test"):
        text = (ROOT / f"requirements/{purpose}.txt").read_text()
        assert "Exported from uv.lock" in text.splitlines()[0]
        blocks = text.replace("\\\n", " ").splitlines()
        wanted = [block for block in blocks if block and not block.startswith("#")]
        assert wanted
        assert all("==" in block and "--hash=sha256:" in block for block in wanted)


def test_the_build_backend_is_in_the_lock() -> None:
    text = (ROOT / "requirements/runtime.txt").read_text()
    assert "\nhatchling==" in text
    assert "\neditables==" in text
