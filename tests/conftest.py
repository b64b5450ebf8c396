"""Fixtures for all rooms: one database server a session, one copied database a test.

`postgres` → `login` (a fresh database) → `db` or `service` → `tenant`, `other_tenant`; beside them
`live_service` (a real `evenhand up`, one a module). Every test runs under a guard that fails it
when anything but loopback or a Unix socket was asked for.
"""

from __future__ import annotations

import ipaddress
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from tests.ground import (
    Address,
    LiveService,
    Tenant,
    admin_of,
    apart,
    drop_database,
    end_live,
    make_database,
    make_live,
    make_template,
)
from tests.ground import make_tenant as make_tenant_of
from tests.places import open_folder

from evenhand.app.compose import Service, running_service
from evenhand.platform.db import Database
from evenhand.platform.migrations import AppLogin
from evenhand.platform.postgres import EmbeddedPostgres
from evenhand.platform.settings import Settings

# Without a deadline: on a shared machine a pause is no defect of the code.
hypothesis_settings.register_profile(
    "evenhand", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("evenhand")

_OUTSIDE: list[str] = []
_LOCAL_NAMES = {"localhost", "", "0.0.0.0", "::"}  # What may be *named*, not bound.


def _is_local(host: object) -> bool:
    if host is None or isinstance(host, bytes):
        host = (host or b"").decode(errors="replace")
    if str(host) in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_outside(host: object) -> None:
    if not _is_local(host):
        _OUTSIDE.append(str(host))
        raise PermissionError(f"a test asked for {host!r}")


# Patched, not an audit hook: that would also run inside sys.settrace, where two threads that start
# under coverage get into each other's way.
_connect = socket.socket.connect
_look_up = socket.getaddrinfo


def _connect_here(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple):
        _refuse_outside(cast("tuple[object, ...]", address)[0])
    _connect(self, cast("str", address))


def _look_up_here(host: object, *arguments: object, **options: object) -> object:
    _refuse_outside(host)
    look_up = cast("Callable[..., object]", _look_up)
    return look_up(host, *arguments, **options)


setattr(socket.socket, "connect", _connect_here)  # noqa: B010 - the type checker forbids the plain form
setattr(socket, "getaddrinfo", _look_up_here)  # noqa: B010


@pytest.fixture(autouse=True)
def _stays_on_this_machine() -> Iterator[None]:
    """Fails the test that asked for another machine, even if it swallowed the refusal."""
    _OUTSIDE.clear()
    yield
    assert not _OUTSIDE, f"the network was asked for: {_OUTSIDE}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Address]:
    """The superuser's address of the session's own server."""
    folder = open_folder()
    server = EmbeddedPostgres(folder / "data")
    address = server.start()
    try:
        yield {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password,
            "database": address.database,
        }
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(postgres: Address) -> Address:
    """The server, with a migrated database to copy from."""
    apart(make_template(postgres))
    return postgres


@pytest.fixture
async def login(template: Address) -> AsyncIterator[AppLogin]:
    """The application's login to a fresh, migrated database."""
    made = await make_database(template)
    yield made
    await drop_database(template, made)


@pytest.fixture
def admin(template: Address, login: AppLogin) -> Address:
    """The superuser's address of the test's database: for looking and for breaking."""
    return admin_of(template, login)


@pytest.fixture
async def db(login: AppLogin) -> AsyncIterator[Database]:
    """The application's pool on the test's database."""
    made = await Database.connect(login.address, token_secret=login.token_secret, pool_size=8)
    yield made
    await made.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The service's settings, in a folder of the test's own."""
    return Settings(data_dir=tmp_path / "data", tiles_interval_s=0.05)


@pytest.fixture
async def service(settings: Settings, login: AppLogin) -> AsyncIterator[Service]:
    """All parts of one web process, running in the test's loop."""
    async with running_service(settings, login) as made:
        yield made


@pytest.fixture
def make_tenant(service: Service, login: AppLogin) -> Callable[..., Awaitable[Tenant]]:
    """Makes a workspace with its owner when it is awaited with a name and a domain."""

    async def make(name: str = "Acme", *, domain: str | None = None) -> Tenant:
        return await make_tenant_of(service, login, name, domain=domain)

    return make


@pytest.fixture
async def tenant(service: Service, login: AppLogin) -> Tenant:
    """A workspace with its owner."""
    return await make_tenant_of(service, login, "Acme", domain="acme.example")


@pytest.fixture
async def other_tenant(service: Service, login: AppLogin) -> Tenant:
    """A second workspace beside it."""
    return await make_tenant_of(service, login, "Bolt", domain="bolt.example")


@pytest.fixture(scope="module")
def live_service(template: Address) -> Iterator[LiveService]:
    """A real `evenhand up`, shared by the tests of a module."""
    live = make_live(template)
    yield live
    end_live(template, live)


@pytest.fixture
def own_live_service(template: Address) -> Iterator[LiveService]:
    """A real `evenhand up` of the test's own, to be killed."""
    live = make_live(template)
    yield live
    end_live(template, live)
