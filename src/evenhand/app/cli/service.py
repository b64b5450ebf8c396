"""`evenhand up`."""

from __future__ import annotations

import argparse
import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from evenhand.platform.errors import Invalid
from evenhand.platform.settings import (
    DATABASE_URL_VARIABLE,
    DEFAULT_HOST,
    DEFAULT_PORT,
    WITNESS_POLICY_VARIABLE,
    Settings,
    default_data_dir,
)

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

__all__ = ["add_commands", "add_database_options", "port_of", "settings_of_arguments"]

_PORT_MAX = 65_535
_WORKERS_MAX = 64


def add_database_options(parser: argparse.ArgumentParser) -> None:
    """`--data` and `--database-url`, with their environment variables."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (environment: EVENHAND_DATA)"
    )
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="an external PostgreSQL (environment: EVENHAND_DATABASE_URL, which keeps the password"
        " out of the process list)",
    )


def settings_of_arguments(arguments: argparse.Namespace) -> Settings:
    """Settings from the options, else the environment, else the defaults."""
    url: str | None = arguments.database_url or os.environ.get(DATABASE_URL_VARIABLE) or None
    data: Path = arguments.data or default_data_dir()
    policy: str | Path | None = getattr(arguments, "witness_policy", None)
    policy = policy or os.environ.get(WITNESS_POLICY_VARIABLE) or None
    return Settings(
        data_dir=data.expanduser().absolute(),
        database_url=url,
        host=getattr(arguments, "host", DEFAULT_HOST),
        port=getattr(arguments, "port", DEFAULT_PORT),
        witness_policy=None if policy is None else Path(policy).expanduser().absolute(),
    )


def add_commands(commands: Commands) -> None:
    """Register `up`."""
    up = commands.add_parser("up", help="start the service")
    add_database_options(up)
    up.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (loopback)")
    up.add_argument("--port", type=port_of, default=DEFAULT_PORT)
    up.add_argument("--workers", type=_workers, default=1, metavar="N", help="web processes")
    up.add_argument("--ready-file", type=Path, metavar="FILE", help="written when it answers")
    up.add_argument(
        "--witness-policy",
        type=Path,
        metavar="FILE",
        help="a tlog-policy with the witnesses to ask (environment: EVENHAND_WITNESS_POLICY)",
    )
    up.add_argument(
        "--insecure", action="store_true", help="allow another address than loopback without TLS"
    )
    up.set_defaults(run=_up)


def _up(arguments: argparse.Namespace) -> int:
    from evenhand.app.serving import serve  # noqa: PLC0415 - the web stack only where it is used

    settings = settings_of_arguments(arguments)
    if not _is_loopback(settings.host) and not arguments.insecure:
        raise Invalid(
            f"{settings.host} is not a loopback address: traffic would be readable on the network."
            " Put a TLS proxy before a loopback address, or say --insecure.",
            code="insecure_host",
        )
    uvloop.run(serve(settings, workers=arguments.workers, ready_file=arguments.ready_file))
    return 0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def port_of(text: str) -> int:
    """A port number from the command line."""
    number = int(text)
    if not 0 <= number <= _PORT_MAX:
        raise argparse.ArgumentTypeError("a port lies between 0 and 65535")
    return number


def _workers(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _WORKERS_MAX:
        raise argparse.ArgumentTypeError(f"from 1 to {_WORKERS_MAX} web processes")
    return number
