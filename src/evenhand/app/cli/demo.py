"""`evenhand demo`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from evenhand.platform.settings import DEFAULT_PORT

from .service import add_database_options, port_of, settings_of_arguments

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Register `demo`."""
    demo = commands.add_parser(
        "demo", help="the main job end to end on real data; can be interrupted and run again"
    )
    add_database_options(demo)
    demo.add_argument("--serve", action="store_true", help="leave the service running")
    demo.add_argument("--port", type=port_of, default=DEFAULT_PORT, help="with --serve")
    demo.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from evenhand.app.demo import run_demo  # noqa: PLC0415 - rich and the web stack only here

    settings = settings_of_arguments(arguments)
    return run_demo(settings, stay=arguments.serve)
