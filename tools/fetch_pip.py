"""Puts the locked pip into a virtual environment whose Python came without ensurepip.

    python -m venv --without-pip .venv && .venv/bin/python tools/fetch_pip.py

The address and the hash come from uv.lock. Standard library only. Exit 3 when it cannot be fetched.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

__all__ = ["fetch", "find_wheel"]

ROOT = Path(__file__).resolve().parents[1]
WHEEL_BYTES_MAX = 20_000_000
TIMEOUT_S = 60


def find_wheel(lock: dict[str, Any]) -> tuple[str, str]:
    """The address and the SHA-256 (hex) of the pip that `lock`, a parsed uv.lock, names."""
    package = next(package for package in lock["package"] if package["name"] == "pip")
    wheel = next(wheel for wheel in package["wheels"] if wheel["url"].endswith("-any.whl"))
    return wheel["url"], wheel["hash"].removeprefix("sha256:")


def fetch(url: str, *, sha256: str) -> bytes:
    """The file at `url`.

    Raises:
        ValueError: it is another file than the lock names.
        OSError: it cannot be reached.
    """
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - From our lock.
        body: bytes = answer.read(WHEEL_BYTES_MAX)
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ValueError(f"{url} has not the hash that uv.lock names")
    return body


def main() -> int:
    """Installs pip for the Python that runs this."""
    url, sha256 = find_wheel(tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8")))
    try:
        body = fetch(url, sha256=sha256)
    except (OSError, ValueError) as error:
        print(f"error: cannot fetch pip: {error}", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / url.rsplit("/", 1)[-1]
        wheel.write_bytes(body)
        # A wheel can be run where it lies, and so installs itself.
        return subprocess.run(
            [sys.executable, f"{wheel}/pip", "--quiet", "install", "--no-index", str(wheel)],
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
