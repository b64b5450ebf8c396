from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from fetch_pip import fetch, find_wheel

ROOT = Path(__file__).resolve().parents[2]


def test_the_lock_names_a_pip_with_its_hash() -> None:
    url, sha256 = find_wheel(tomllib.loads((ROOT / "uv.lock").read_text()))
    assert url.startswith("https://files.pythonhosted.org/packages/")
    assert len(bytes.fromhex(sha256)) == 32


def test_another_file_than_the_lock_names_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pip-1-py3-none-any.whl"
    file.write_bytes(b"wheel")
    good = hashlib.sha256(b"wheel").hexdigest()
    assert fetch(file.as_uri(), sha256=good) == b"wheel"
    with pytest.raises(ValueError, match="has not the hash"):
        fetch(file.as_uri(), sha256="00" * 32)
