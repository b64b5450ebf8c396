"""A service of its own for a benchmark: started, filled with a tenant and people, ended, deleted.

Everything is made the way a user makes it: by the command line and the API.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.client import Client

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = ["Running", "Tenant", "item_lines", "make_project", "make_tenant", "running", "scratch"]

_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 60.0
_ROW_BYTES = 500
_CHUNK_ROWS = 200


@dataclass(frozen=True, slots=True)
class Running:
    """A service that answers."""

    url: str
    pid: int
    data_dir: Path


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace with an owner and annotators of one vendor."""

    workspace: str
    owner_key: str
    annotator_keys: tuple[str, ...]


@contextlib.contextmanager
def scratch() -> Generator[Path]:
    """A data folder that is deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="evenhand-benchmark-") as folder:
        Path(folder).chmod(0o711)  # The database's account, if it is another, passes through.
        yield Path(folder) / "data"


@contextlib.contextmanager
def running(data_dir: Path, *, workers: int) -> Generator[Running]:
    """`evenhand up` on a free port of the loopback address until the block ends."""
    data_dir.mkdir(mode=0o711, exist_ok=True)
    ready = data_dir / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "evenhand", "up", "--data", str(data_dir), "--port", "0"]
    command += ["--workers", str(workers), "--ready-file", str(ready)]
    with (data_dir / "service.log").open("ab") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            deadline = time.monotonic() + _READY_WITHIN_S
            while not ready.exists():
                if child.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((data_dir / "service.log").read_text()[-2000:])
                time.sleep(0.02)
            yield Running(json.loads(ready.read_text())["url"], child.pid, data_dir)
        finally:
            child.terminate()
            child.wait(_STOP_WITHIN_S)


def make_tenant(service: Running, *, annotators: int) -> Tenant:
    """A workspace, its owner's key and as many annotators, all of one vendor."""
    made = _command(service, "workspace", "create", "Benchmark", "--owner", "owner@example.org")
    key = _command(
        service, "key", "create", "--workspace", made["id"], "--role", "owner", "--mode", "live",
        "--json",
    )["api_key"]  # fmt: skip
    with Client(service.url, key) as owner:
        vendor = owner.post(
            "/parties", {"kind": "organization", "name": "Vendor", "role": "vendor"}
        )["id"]

    def invite(number: int) -> str:
        wanted = {
            "email": f"annotator-{number}@example.org",
            "name": f"Annotator {number}",
            "role": "annotator",
            "vendor_id": vendor,
        }
        with Client(service.url, key) as inviting, Client(service.url) as accepting:
            return accepting.accept_invitation(inviting.post("/invitations", wanted)["code"])

    with ThreadPoolExecutor(4) as pool:
        keys = tuple(pool.map(invite, range(annotators)))
    return Tenant(made["id"], key, keys)


def make_project(service: Running, tenant: Tenant, *, name: str) -> str:
    """A pairwise project in which each item is wanted once."""
    wanted = {
        "name": name,
        "task_type": "pairwise",
        "settings": {"order": "random"},
        "instructions": "Which answer is better?",
        "judgments_per_item": 1,
    }
    with Client(service.url, tenant.owner_key) as owner:
        project: str = owner.post("/projects", wanted)["id"]
        return project


def item_lines(count: int) -> Iterator[bytes]:
    """Lines of JSONL of 500 bytes each, in chunks; nothing is kept.

    Made from a template, since whoever measures an import pays for its client too.
    """
    line = (
        '{"id": "item-%08d", "payload": {"prompt": "Question %08d: ' + "why " * 20 + '", "left": "'
        + "L" * 120 + '", "right": "%s"}, "meta": {"left": "model-%d", "right": "model-%d"}}\n'
    )  # fmt: skip
    line = line.replace("%s", "R" * (_ROW_BYTES - len(line % (0, 0, "", 0, 0))))
    for start in range(0, count, _CHUNK_ROWS):
        numbers = range(start, min(start + _CHUNK_ROWS, count))
        yield "".join([line % (n, n, n % 7, n % 5) for n in numbers]).encode()


def _command(service: Running, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "evenhand", *words, "--data", str(service.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
