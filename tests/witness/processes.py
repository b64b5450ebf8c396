"""Real witnesses as separate processes, to be asked, stopped and killed from the outside."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

from evenhand.witness import load_keys
from evenhand.witness.state import count_evidence, hash_of_origin, load_cosigned

_READY_S = 30.0


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """One command of a witness to its end."""
    return subprocess.run(
        [sys.executable, "-m", "evenhand.witness", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class WitnessProcess:
    """A folder with keys, and the `witness serve` on it; its port stays the same."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        made = run("init", "--folder", folder, "--name", name)
        assert made.returncode == 0, made.stderr
        self.vkey = made.stdout.strip()
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self, *vkeys: str) -> None:
        (self.folder / "logs").write_text("".join(f"{vkey}\n" for vkey in vkeys))

    def start(self) -> None:
        self.ready_file.unlink(missing_ok=True)
        with (self.folder / "output").open("a") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "evenhand.witness", "serve", "--folder", self.folder),
                    *("--port", str(self.port), "--ready-file", str(self.ready_file)),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
            )

    def wait_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)
        self.port = int(json.loads(self.ready_file.read_text())["url"].rpartition(":")[2])

    @property
    def ready_file(self) -> Path:
        return self.folder / "ready.json"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def size(self, origin: str) -> int:
        """The size that was cosigned last, as its folder says."""
        keys = tuple(key.verifier for key in load_keys(self.folder / "key"))
        last = load_cosigned(self.folder, keys=keys).get(hash_of_origin(origin))
        return 0 if last is None else last.checkpoint.size

    def refused(self, origin: str) -> int:
        """How many checkpoints were refused and kept."""
        return count_evidence(self.folder, hash_of_origin(origin))


@contextlib.contextmanager
def running(folder: Path, count: int) -> Generator[list[WitnessProcess]]:
    """So many witnesses that accept no log yet."""
    witnesses = [WitnessProcess(folder / f"w{i}", f"w{i}.example/a") for i in range(count)]
    try:
        for one in witnesses:
            one.start()
        for one in witnesses:
            one.wait_ready()
        yield witnesses
    finally:
        for one in witnesses:
            if one.process.poll() is None:
                one.kill()
