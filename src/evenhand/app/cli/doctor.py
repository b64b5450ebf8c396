"""`evenhand doctor`: the database's catalogue, and with `--verify` what must always hold."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from .people import find_workspace, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from evenhand.app.doctor import WorkspaceReport
    from evenhand.platform.db import Database
    from evenhand.platform.migrations import AppLogin
    from evenhand.platform.settings import Settings

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

__all__ = ["add_commands"]

_TELL_EVERY_S = 0.2


def add_commands(commands: Commands) -> None:
    """Register `doctor`."""
    doctor = commands.add_parser(
        "doctor", help="check a database; exit code 1 when something does not hold"
    )
    doctor.add_argument(
        "--verify",
        action="store_true",
        help="ask the invariants of every workspace and compare log and rows; reads only",
    )
    doctor.add_argument("--workspace", metavar="W", help="id or name; without it, all of them")
    finish(doctor, _doctor)


async def _doctor(
    db: Database, settings: Settings, _login: AppLogin, arguments: argparse.Namespace
) -> int:
    """Opening the database has asked its catalogue already, and refused if it is not safe."""
    from evenhand.app.doctor import examine  # noqa: PLC0415 - slow to import
    from evenhand.app.tenants import list_workspaces  # noqa: PLC0415
    from evenhand.vault import HostedKeyHolder  # noqa: PLC0415

    named = dict(await list_workspaces(db))
    if arguments.workspace:
        wanted = await find_workspace(db, arguments.workspace)
        named = {wanted: named[wanted]}
    reports: list[WorkspaceReport] = []
    if arguments.verify:
        for workspace in named:
            report = await examine(
                db,
                workspace,
                log_folder=settings.logs_dir / str(workspace),
                holder=HostedKeyHolder(settings.keys_dir),
                tell=_teller(),
            )
            reports.append(report)
            if not arguments.json:
                _print(report, named[workspace])
    sound = not any(report.broken for report in reports)
    if arguments.json:
        print(json.dumps({"sound": sound, "catalogue": "sound", "workspaces": _plain(reports)}))
    elif not arguments.verify:
        print("The catalogue keeps tenants apart. --verify asks the rows and the logs as well.")
    return 0 if sound else 1


def _teller() -> Callable[[str, int, int], None]:
    """Says how far it is, on a terminal only, a few times a second."""
    told_s = 0.0

    def tell(what: str, done: int, everything: int) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        if sys.stderr.isatty() and now_s - told_s >= _TELL_EVERY_S:
            told_s = now_s
            print(f"\r{what}: {done:,} of {everything:,}   ", end="", file=sys.stderr)

    return tell


def _print(report: WorkspaceReport, name: str) -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    opened = "each compared with its row" if report.details_opened else "hashed, not opened"
    published = "nothing" if report.published is None else f"{report.published:,} of them"
    print(f"{name} ({report.workspace})")
    print(f"  {len(report.asked)} invariants asked, {len(report.broken)} broken")
    print(f"  {report.entries:,} entries of the log, {opened}; {published} published")
    for finding in report.broken:
        print(f"  BROKEN {finding.invariant}: {finding.count}, {', '.join(finding.examples)}")


def _plain(reports: list[WorkspaceReport]) -> list[dict[str, object]]:
    return [
        {
            "id": str(report.workspace),
            "asked": report.asked,
            "broken": [
                {"invariant": one.invariant, "count": one.count, "examples": list(one.examples)}
                for one in report.broken
            ],
            "entries": report.entries,
            "published": report.published,
            "details_opened": report.details_opened,
        }
        for report in reports
    ]
