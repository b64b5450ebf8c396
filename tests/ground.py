"""The tests' common ground: databases that are copied from a migrated one, tenants, a live service.

Nothing here stands in for a part of the product: the database is PostgreSQL, the service is the one
that `evenhand up` runs, the tenants are made by the product's own verbs.
"""

# house: H002 one ground for all rooms; databases, tenants and the live service build on each other

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
from tests.places import open_folder

from evenhand.app.compose import ROOMS, Service
from evenhand.app.tenants import make_workspace
from evenhand.client import Client
from evenhand.identity import Actor, Admission, Minted, Role, accept_code, allowed_roles, invite
from evenhand.identity.secrets import hash_secret
from evenhand.imports.actions import Importer
from evenhand.items import BatchPurpose
from evenhand.parties import NewParty, declare_party
from evenhand.platform.db import Database
from evenhand.platform.ids import new_id
from evenhand.platform.migrations import AppLogin, migrate
from evenhand.platform.settings import Settings
from evenhand.projects import NewProject, Project, create_project, get_project

T = TypeVar("T")
Address = dict[str, Any]
TEMPLATE = "evenhand_template"
READY_WITHIN_S = 60.0


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in a loop of its own in a thread: works inside a running loop too."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


async def run_as(address: Address, *statements: str) -> None:
    """Statements outside of a transaction, each on its own."""
    connection = await asyncpg.connect(**address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def make_template(admin: Address) -> None:
    """A migrated database that nobody is connected to: what `CREATE DATABASE` copies."""
    await run_as(admin, f"CREATE DATABASE {TEMPLATE}")
    await migrate({**admin, "database": TEMPLATE}, ROOMS)


async def make_database(admin: Address, *, template: str = TEMPLATE) -> AppLogin:
    """A fresh copy with its own login role."""
    name = f"t_{uuid4().hex[:12]}"
    # By files: the other way writes each page to the log too, compressed, six times as slow.
    await run_as(admin, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    login = await migrate({**admin, "database": name}, ROOMS)
    if login.applied:
        raise RuntimeError(f"the copy lacked {login.applied}")
    return login


async def drop_database(admin: Address, login: AppLogin) -> None:
    """Ends the sessions that are left, the database and its role."""
    await run_as(
        admin,
        f"DROP DATABASE {login.address['database']} WITH (FORCE)",
        f"DROP ROLE {login.address['user']}",
    )


def admin_of(admin: Address, login: AppLogin) -> Address:
    """The superuser's address of a login's database."""
    return {**admin, "database": login.address["database"]}


def url_of_address(address: Address) -> str:
    """The same place as a database URL (a socket folder stands in the query)."""
    return (
        f"postgresql://{quote(address['user'])}:{quote(address['password'])}@:{address['port']}"
        f"/{address['database']}?host={quote(str(address['host']), safe='')}"
    )


@asynccontextmanager
async def connected(address: Address) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    """One connection, closed at the end."""
    connection = await asyncpg.connect(**address)
    try:
        yield connection
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Person:
    """A member with a live API key."""

    member: UUID
    role: Role
    secret: str = field(repr=False)
    email: str = ""

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


PAIR = {"prompt": "Which is better?", "left": "the left text", "right": "the right text"}


def pair_line(number: int, **more: object) -> bytes:
    """One pairwise item as a line of an import file."""
    item = {
        "id": f"item-{number}",
        "payload": {**PAIR, "prompt": f"Which is better, {number}?"},
        "meta": {"left": f"model-{number % 3}", "right": f"model-{(number + 1) % 3}"},
        **more,
    }
    return json.dumps(item).encode() + b"\n"


@dataclass(slots=True)
class Tenant:
    """A workspace with its owner, over a running service or over a bare database."""

    db: Database
    service: Service
    login: AppLogin
    id: UUID
    name: str
    vkey: str
    owner: Person
    people: int = 0

    def admission(self, who: Person, permission: str = "tasks.lease") -> Admission:
        """What a route would hand to a hot SQL function for this person."""
        return Admission(
            workspace=self.id,
            token=self.db.token(self.id),
            hash=hash_secret(who.secret),
            allowed=allowed_roles(permission),
        )

    async def actor(self, who: Person) -> Actor:
        async with self.db.transaction(self.id) as tx:
            row = await tx.fetchrow(
                "SELECT workspace_id, member_id, person_id, party_id, vendor_id, name, role,"
                " simulated, credential_id, mode FROM identity.authenticate($1, $2, $3)",
                self.db.token(self.id),
                hash_secret(who.secret),
                [who.role],
            )
        assert row is not None
        return Actor(**row)

    async def party(self, name: str, **more: Any) -> UUID:
        """A declared organization; `role` is vendor unless said."""
        wanted: dict[str, Any] = {"kind": "organization", "name": name, "role": "vendor", **more}
        party = NewParty(**wanted)
        async with self.db.transaction(self.id) as tx:
            return await declare_party(tx, self.id, party)

    async def code(
        self,
        role: Role = "annotator",
        *,
        email: str | None = None,
        vendor: UUID | None = None,
        simulated: bool = False,
    ) -> tuple[UUID, str, Minted]:
        """Invites somebody; gives member, address and the one-time code."""
        self.people += 1
        email = email or f"{role}{self.people}@people.example"
        member = new_id()
        actor = await self.actor(self.owner)
        async with self.db.transaction(self.id) as tx:
            code = await invite(
                tx,
                actor,
                email=email,
                name=f"{role} {self.people}",
                role=role,
                vendor=vendor,
                simulated=simulated,
                person_secret=self.service.person_secret,
                made=member,
            )
        return member, email, code

    async def person(self, role: Role = "annotator", **more: Any) -> Person:
        """A member who has accepted the invitation."""
        member, email, code = await self.code(role, **more)
        minted, *_ = await accept_code(self.db, code.secret)
        return Person(member, role, minted.secret, email)

    async def project(self, **more: Any) -> Project:
        """A pairwise project; one judgment an item and a lease of ten minutes unless said."""
        wanted: dict[str, Any] = {
            "name": "pairs",
            "task_type": "pairwise",
            "settings": {},
            "instructions": "# Choose the better one",
            "judgments_per_item": 1,
            "lease_ttl_s": 600,
            **more,
        }
        new = NewProject(**wanted)
        made = new_id()
        async with self.db.transaction(self.id) as tx:
            await create_project(tx, self.service.keyring, self.id, new, made=made)
        async with self.db.transaction(self.id) as tx:
            return await get_project(tx, self.id, made)

    async def load(
        self,
        project: Project,
        lines: Iterable[bytes] | int,
        *,
        purpose: BatchPurpose = "label",
        idempotency_key: str | None = None,
    ) -> UUID:
        """Imports lines (or so many plain pairs); gives the batch."""
        if isinstance(lines, int):
            lines = [pair_line(number) for number in range(lines)]
        data = b"".join(lines)

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        importer = Importer(
            self.db,
            self.service.keyring,
            await self.actor(self.owner),
            project,
            name="batch",
            purpose=purpose,
        )
        batch = await importer.run(chunks(), form="jsonl", idempotency_key=idempotency_key)
        return batch.id

    async def rows(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Rows as this workspace sees them."""
        async with self.db.transaction(self.id) as tx:
            return await tx.fetch(query, *args)

    async def value(self, query: str, *args: object) -> Any:
        """One value as this workspace sees it."""
        async with self.db.transaction(self.id) as tx:
            return await tx.fetchval(query, *args)


async def make_tenant(
    service: Service, login: AppLogin, name: str = "Acme", *, domain: str | None = None
) -> Tenant:
    """A workspace by the operator's verb, its owner signed in with an API key."""
    slug = "".join(letter for letter in name.casefold() if letter.isalnum())
    email = f"owner@{slug}.example"
    made = await make_workspace(
        service.db, service.settings, login, name=name, owner_email=email, domain=domain
    )
    minted, member, _, role = await accept_code(service.db, made.owner_code.secret)
    return Tenant(
        db=service.db,
        service=service,
        login=login,
        id=made.id,
        name=name,
        vkey=made.log.vkey,
        owner=Person(member, role, minted.secret, email),
    )


@dataclass(slots=True)
class LiveService:
    """A real `evenhand up` in a process of its own."""

    data_dir: Path
    admin: Address
    """The superuser's address of its database, which outlives the process."""
    login: AppLogin
    workers: int = 1
    url: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    clients: list[Client] = field(default_factory=list)

    def client(self, api_key: str | None = None) -> Client:
        """A client that is closed with the service."""
        made = Client(self.url, api_key)
        self.clients.append(made)
        return made

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Starts it on a free port, later on the same one again; returns when it answers."""
        ready = self.data_dir / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "evenhand", "up"]
        command += ["--data", str(self.data_dir), "--port", str(self.port)]
        command += ["--workers", str(self.workers), "--ready-file", str(ready)]
        environment = {**os.environ, "EVENHAND_DATABASE_URL": url_of_address(self.admin)}
        with (self.data_dir / "service.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_WITHIN_S
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.data_dir / "service.log").read_text()[-2000:])
            time.sleep(0.02)
        self.url = json.loads(ready.read_text())["url"]
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=30)

    def restart(self) -> None:
        """Ends it (if it still runs) without warning and starts it on the same port and data."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.start()

    def workspace(self, name: str = "Acme", *, domain: str | None = None) -> LiveTenant:
        """A new workspace with its owner's client."""
        return apart(self._workspace(name, domain))

    async def _workspace(self, name: str, domain: str | None) -> LiveTenant:
        db = await Database.connect(
            self.login.address, token_secret=self.login.token_secret, pool_size=1
        )
        try:
            made = await make_workspace(
                db,
                Settings(data_dir=self.data_dir),
                self.login,
                name=name,
                owner_email=f"owner-{uuid4().hex[:8]}@owners.example",
                domain=domain,
            )
            minted, *_ = await accept_code(db, made.owner_code.secret)
        finally:
            await db.close()
        return LiveTenant(self, made.id, made.log.vkey, self.client(minted.secret), minted.secret)

    def sql(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Rows as the superuser sees them: every workspace's."""

        async def ask() -> list[asyncpg.Record]:
            async with connected(self.admin) as connection:
                return await connection.fetch(query, *args)

        return apart(ask())


@dataclass(slots=True)
class LiveTenant:
    """A workspace of a live service."""

    live: LiveService
    id: UUID
    vkey: str
    owner: Client
    owner_key: str = field(repr=False)

    def person(self, role: str = "annotator", **more: object) -> Client:
        """Invites somebody and accepts; gives the client."""
        body = {
            "email": f"{role}-{uuid4().hex[:8]}@people.example",
            "name": role,
            "role": role,
            **more,
        }
        code = self.owner.post("/invitations", body)["code"]
        return self.live.client(self.live.client().accept_invitation(code))

    def project(self, **more: object) -> str:
        """A pairwise project's id."""
        body = {
            "name": "pairs",
            "task_type": "pairwise",
            "settings": {},
            "instructions": "# Choose the better one",
            "judgments_per_item": 1,
            **more,
        }
        return self.owner.post("/projects", body)["id"]

    def load(self, project: str, lines: Sequence[bytes] | int, **more: Any) -> Mapping[str, Any]:
        """Imports lines, or so many plain pairs."""
        if isinstance(lines, int):
            lines = [pair_line(number) for number in range(lines)]
        return self.owner.import_items(project, lines, name="batch", **more)


def make_live(admin: Address, *, workers: int = 1) -> LiveService:
    """A started live service over a fresh database and data folder."""
    login = apart(make_database(admin))
    live = LiveService(open_folder(), admin_of(admin, login), login, workers=workers)
    live.start()
    return live


def end_live(admin: Address, live: LiveService) -> None:
    """Ends what is left of it."""
    for client in live.clients:
        client.close()
    if live.process is not None and live.process.poll() is None:
        live.stop()
    apart(drop_database(admin, live.login))
    shutil.rmtree(live.data_dir)
