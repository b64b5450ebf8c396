"""The set-up's edges that need no network: what it refuses, and what it takes for done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads, without a .venv."""
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in ("requirements", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def test_help_lists_every_goal() -> None:
    shown = run("make", cwd=ROOT).stdout.splitlines()
    assert [line.split()[1] for line in shown] == [
        "help",
        "demo",
        "up",
        "test",
        "check",
        "format",
        "lock",
        "setup",
    ]
    assert all(line.endswith(".") for line in shown)


def test_ci_is_make_test_and_nothing_else() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert [line for line in lines if "make" in line] == ["exec make test </dev/null"]


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "tools").glob("*.sh")))
def test_scripts_are_plain_shell(name: str) -> None:
    checked = run("sh", "-n", f"tools/{name}", cwd=ROOT)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_an_old_or_missing_python_is_refused_by_name(clone: Path) -> None:
    old = clone / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for program in ("/nowhere/python3", str(old)):
        refused = run("make", f"PYTHON={program}", "setup", cwd=clone)
        assert refused.returncode != 0
        assert f"PYTHON={program} is not Python 3.11 or newer" in refused.stderr
    assert not (clone / ".venv").exists()


def test_no_python_at_all_says_what_to_install(clone: Path) -> None:
    programs = clone / "programs"
    programs.mkdir()
    for name in ("dirname", "sh"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    refused = run("sh", "tools/setup.sh", "runtime", cwd=clone, PATH=str(programs))
    assert refused.returncode == 1
    assert "no Python 3.11 or newer on PATH. Install one" in refused.stderr


def test_a_set_up_that_was_done_is_not_done_again(clone: Path) -> None:
    """A pip that only notes its calls stands in for the real one."""
    programs = clone / ".venv/bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >>"{clone}/calls"\nexec {sys.executable} -c ""\n')
    python.chmod(0o755)
    tools = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    no_uv = clone / "programs"
    no_uv.mkdir()
    for name in ("cat", "dirname", "id", "rm", "sed", "sh"):
        found = shutil.which(name, path=tools)
        assert found is not None
        (no_uv / name).symlink_to(found)

    def set_up(purpose: str) -> list[str]:
        (clone / "calls").write_text("")
        done = run(
            "sh",
            "tools/setup.sh",
            purpose,
            cwd=clone,
            PATH=str(no_uv),
            PYTHON=sys.executable,
        )
        assert done.returncode == 0, done.stderr
        calls = (clone / "calls").read_text().splitlines()
        return [call for call in calls if " install " in call]

    first = set_up("test")
    assert len(first) == 2
    assert "--require-hashes --requirement requirements/test.txt" in first[0]
    assert "--no-deps --no-build-isolation --editable ." in first[1]
    assert set_up("test") == []
    assert set_up("runtime") == []
    with (clone / "uv.lock").open("a") as lock:
        lock.write("# Changed.\n")
    assert "requirements/runtime.txt" in set_up("runtime")[0]
    assert "requirements/test.txt" in set_up("test")[0]
