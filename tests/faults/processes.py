"""Real services as separate processes, to be asked, stopped and killed from the outside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import asyncpg
from tests.faults.wire import ask
from tests.places import open_folder

from evenhand.app.database import embedded_address, prepare
from evenhand.client import Client
from evenhand.platform.db import Database
from evenhand.platform.postgres import EmbeddedPostgres
from evenhand.platform.postgres.layout import existing_layout
from evenhand.platform.postgres.postmaster import shut_down

PROGRAM = str(Path(sys.executable).with_name("evenhand"))
READY_S = 60.0
STOP_S = 30.0


class Ran:
    """A command that ended."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class House:
    """One data folder and the `evenhand up` on it; killed and removed at the end."""

    def __init__(
        self, folder: Path, *, database_url: str | None = None, name: str = "service"
    ) -> None:
        self.folder = folder
        self._name = name
        self.data = folder / "data"
        self.database_url = database_url
        self.url = ""
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._outputs = 0

    # Commands -----------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """What every process of the house gets: nothing of the caller's own settings."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        named = {"HOME": str(self.folder), "EVENHAND_DATA": str(self.data)}
        if self.database_url is not None:
            named["EVENHAND_DATABASE_URL"] = self.database_url
        if "EVENHAND_PG_BIN" in os.environ:
            named["EVENHAND_PG_BIN"] = os.environ["EVENHAND_PG_BIN"]
        return {**kept, **named}

    def run(self, *arguments: str, timeout_s: float = 60.0) -> Ran:
        """Run a command to its end."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Ran(done)

    def make_workspace(self, name: str) -> dict[str, str]:
        """`workspace create`: id, owner_code, log_vkey."""
        made = self.run("workspace", "create", name, "--owner", f"owner@{name}.example", "--json")
        assert made.code == 0, made.err
        return made.json

    # The service --------------------------------------------------------------------------------

    def up(self, *options: str) -> None:
        """Start the service and wait until it answers. Its port is the same every time."""
        self.start(*options)
        self.wait_ready()

    def start(self, *options: str) -> None:
        """Start the service; `wait_ready` tells when it answers."""
        assert self._process is None or self._process.poll() is not None
        self.ready_file.unlink(missing_ok=True)
        self._outputs += 1
        with self.output.open("wb") as sink:
            self._process = subprocess.Popen(
                [
                    PROGRAM,
                    "up",
                    "--port",
                    str(self.port),
                    "--ready-file",
                    str(self.ready_file),
                    *options,
                ],
                env=self.environment(),
                cwd=self.folder,
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.02)
        said = json.loads(self.ready_file.read_text())
        assert said["pid"] == self.pid
        self.url = said["url"]
        self.port = int(self.url.rpartition(":")[2])

    @property
    def ready_file(self) -> Path:
        return self.folder / f"ready-{self._name}.json"

    @property
    def output(self) -> Path:
        """What the newest service printed, both streams."""
        return self.folder / f"output-{self._name}-{self._outputs}.txt"

    def outputs(self) -> str:
        """What all services of this house printed."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("output-*.txt")))

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL the service and take its exit status."""
        self.process.kill()
        self.process.wait(STOP_S)

    def stop(self) -> int:
        """SIGTERM the service; gives its exit status."""
        self.process.terminate()
        return self.process.wait(STOP_S)

    def close(self) -> None:
        """End whatever runs and remove the folder."""
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.data.is_dir() and (layout := existing_layout(self.data)) is not None:
            shut_down(layout)
        shutil.rmtree(self.folder)

    # Looking inside -----------------------------------------------------------------------------

    def client(self, key: str | None = None) -> Client:
        return Client(self.url, key, timeout_s=30.0)

    def accept(self, code: str) -> str:
        """Use a one-time code; gives the API key."""
        said = ask(
            self.url, "POST", "/api/v1/invitations/accept", body=json.dumps({"code": code}).encode()
        )
        assert said.status == 201, said
        return said.json["api_key"]

    @property
    def postmaster(self) -> int:
        """Process id of the embedded database's postmaster."""
        layout = existing_layout(self.data)
        assert layout is not None
        return int((layout.cluster / "postmaster.pid").read_text().split("\n", 1)[0])

    def database_log(self) -> str:
        """What the embedded server logged."""
        folder = self.data / "postgres" / "log"
        return "".join(path.read_text() for path in sorted(folder.iterdir()))

    @contextlib.asynccontextmanager
    async def administrator(self) -> AsyncGenerator[Any]:
        """A connection of the embedded cluster's superuser, beside the running service."""
        server = EmbeddedPostgres(self.data)
        address = server.start()
        connection = await asyncpg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database,
        )
        try:
            yield connection
        finally:
            await connection.close()
            server.stop()


@contextlib.asynccontextmanager
async def opened_database(house: House) -> AsyncGenerator[Database]:
    """The application's own pool on the running service's database: what the oracles take."""
    server = EmbeddedPostgres(house.data)
    try:
        login = await prepare(embedded_address(server))
        db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=2)
        try:
            yield db
        finally:
            await db.close()
    finally:
        server.stop()


@contextlib.contextmanager
def opened_house(*, database_url: str | None = None) -> Generator[House]:
    house = House(open_folder(), database_url=database_url)
    try:
        yield house
    finally:
        house.close()


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return found


def alive(pid: int) -> bool:
    """Whether a process runs. One that ended and that nobody has taken leave of does not."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return said.rpartition(")")[2].split()[0] not in {"Z", "X"}


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def wait_until(holds: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll until `holds()` is true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
