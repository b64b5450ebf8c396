"""Where the database is: embedded beside the data folder, or named by a URL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg

from evenhand.platform.errors import Invalid, Unavailable
from evenhand.platform.lint import lint_catalogue
from evenhand.platform.migrations import AppLogin, migrate
from evenhand.platform.postgres import EmbeddedPostgres

from .compose import ROOMS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from evenhand.platform.db import DatabaseAddress
    from evenhand.platform.settings import Settings

__all__ = ["address_of_url", "embedded_address", "prepare", "prepared_login"]


def address_of_url(url: str) -> DatabaseAddress:
    """Asyncpg's arguments from `postgresql://user:password@host:port/database?sslmode=…`.

    Raises:
        Invalid: not such a URL. The message never repeats it, since it holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("The database URL is malformed.", code="database_url") from error
    options = dict(parse_qsl(parts.query))
    database = unquote(parts.path.lstrip("/"))
    host = unquote(parts.hostname or "") or options.get("host", "")
    if parts.scheme not in {"postgresql", "postgres"} or not database or not host:
        raise Invalid(
            "A database URL looks like postgresql://user:password@host:5432/evenhand.",
            code="database_url",
        )
    address: DatabaseAddress = {
        "host": host,
        "port": port or 5432,
        "database": database,
    }
    if parts.username:
        address["user"] = unquote(parts.username)
    if parts.password:
        address["password"] = unquote(parts.password)
    if "sslmode" in options:
        address["ssl"] = options["sslmode"]
    return address


def embedded_address(server: EmbeddedPostgres) -> DatabaseAddress:
    """Start or adopt the embedded server and give the administrator's address."""
    address = server.start()
    return {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "database": address.database,
    }


async def prepare(admin: DatabaseAddress) -> AppLogin:
    """Migrate, then refuse a database that the catalogue lint finds wanting."""
    try:
        login = await migrate(admin, ROOMS)
        connection = await asyncpg.connect(**login.address, timeout=10.0)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Unavailable(
            "The database URL's role must own the database and be allowed to create roles.",
            code="database_refused",
        ) from error
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise Unavailable(
            f"The database cannot be reached or prepared ({type(error).__name__}: {error}).",
            code="database_away",
        ) from error
    try:
        await lint_catalogue(connection)
    finally:
        await connection.close()
    return login


@asynccontextmanager
async def prepared_login(settings: Settings) -> AsyncGenerator[AppLogin]:
    """For a command: the app's login, beside a running service or with a server of its own."""
    if settings.database_url is not None:
        yield await prepare(address_of_url(settings.database_url))
        return
    server = EmbeddedPostgres(settings.data_dir)
    try:
        yield await prepare(embedded_address(server))
    finally:
        server.stop()
