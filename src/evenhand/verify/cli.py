"""The commands ``log verify``, ``log pull`` and ``receipt verify``.

Data goes to standard output, progress and errors to standard error. Exit codes: 0 done, 1 refused,
2 wrong use, 3 could not be done.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from evenhand.tlog import LogError, Policy, Verifier, parse_vkey, render_base64
from evenhand.verify.errors import UnreachableError, VerificationError, WrongUseError
from evenhand.verify.files import read_file
from evenhand.verify.log import LogReport, PullReport, pull_log, verify_log
from evenhand.verify.quorum import load_policy
from evenhand.verify.receipt import ReceiptReport, find_known_key, verify_receipt

DONE, REFUSED, WRONG_USE, NOT_DONE = 0, 1, 2, 3

_API_KEY_BYTES_MAX = 4_096
_DEFAULT_DATA = Path("~/.local/share/evenhand")


class Commands(Protocol):
    """What ``ArgumentParser.add_subparsers`` returns."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002
        """Add a command."""
        ...


def add_commands(subparsers: Commands) -> None:
    """Register the commands; each sets ``run``: from the arguments to an exit code."""
    log = subparsers.add_parser("log", help="verify or copy a transparency log")
    log_commands = log.add_subparsers(required=True, metavar="COMMAND")
    verify = log_commands.add_parser("verify", help="prove that a log is whole and unchanged")
    verify.add_argument("source", metavar="SOURCE", help="address of a log, or folder of its files")
    verify.add_argument("--key", metavar="VKEY", type=_vkey, help="the log's verifier key")
    verify.add_argument(
        "--state", metavar="FILE", type=Path, help="what was proved last time; written on success"
    )
    _add_policy(verify)
    _add_api_key(verify)
    verify.add_argument("--json", action="store_true", help="print the result as JSON")
    verify.set_defaults(run=_run_log_verify)

    pull = log_commands.add_parser("pull", help="copy a log into a folder, resumable")
    pull.add_argument("source", metavar="SOURCE", help="address of a log, or folder of its files")
    pull.add_argument("--out", metavar="DIR", type=Path, required=True, help="where to copy it")
    pull.add_argument("--key", metavar="VKEY", type=_vkey, help="the log's verifier key")
    _add_api_key(pull)
    pull.add_argument("--json", action="store_true", help="print the result as JSON")
    pull.set_defaults(run=_run_log_pull)

    receipt = subparsers.add_parser("receipt", help="verify a receipt")
    receipt_commands = receipt.add_subparsers(required=True, metavar="COMMAND")
    check = receipt_commands.add_parser("verify", help="prove that an entry is in a log")
    check.add_argument("file", metavar="FILE", type=Path, help="a receipt (.tlog-proof)")
    check.add_argument("--key", metavar="VKEY", type=_vkey, help="the log's verifier key")
    check.add_argument(
        "--data", metavar="DIR", type=Path, help="data folder, with keys in known-logs/*.vkey"
    )
    _add_policy(check)
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(run=_run_receipt_verify)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy",
        metavar="FILE",
        type=Path,
        help="a tlog-policy: known logs, and the witnesses whose cosignatures are demanded",
    )


def _add_api_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--api-key-file", metavar="FILE", type=Path, help="file with the API key to send"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the commands without the rest of the platform."""
    parser = argparse.ArgumentParser(
        prog="evenhand", description="Verify transparency logs and receipts offline."
    )
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    args = parser.parse_args(argv)
    run = cast("Callable[[argparse.Namespace], int]", args.run)
    return run(args)


def _vkey(text: str) -> Verifier:
    try:
        return parse_vkey(text)
    except LogError as error:
        raise argparse.ArgumentTypeError(escape(str(error))) from error


def escape(text: str) -> str:
    """Write every character that does not print, controls and directions of text too, as a code.

    So nothing from a file can move the cursor, start a line or hide what is printed.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def _guarded(action: Callable[[], dict[str, Any]], *, as_json: bool) -> int:
    """Run, print what was found, and turn what went wrong into a sentence and an exit code."""
    try:
        fields = action()
    except VerificationError as error:
        return _fail(f"refused: {error}", REFUSED)
    except WrongUseError as error:
        return _fail(str(error), WRONG_USE)
    except UnreachableError as error:
        return _fail(str(error), NOT_DONE)
    if as_json:
        print(json.dumps(fields))
    else:
        _print_text(fields)
    return DONE


def _fail(message: str, code: int) -> int:
    print(f"evenhand: {escape(message)}", file=sys.stderr)
    return code


def _print_text(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        label = name.replace("_", " ")
        if isinstance(value, list):
            for sentence in cast("list[str]", value):
                print(f"{label}: {escape(sentence)}")
        elif isinstance(value, dict):
            for kind, count in cast("dict[str, int]", value).items():
                print(f"{label}: {escape(kind)} {count}")
        else:
            print(f"{label}: {escape(str(value))}")


def _progress(done: int, total: int) -> None:
    """Say on standard error whenever another tenth is done."""
    tenth = 10 * done // total
    if tenth != 10 * max(0, done - 256) // total:
        print(f"verified {done} of {total} entries", file=sys.stderr)


def _api_key(path: Path | None) -> str | None:
    if path is None:
        return None
    data = read_file(path, bytes_max=_API_KEY_BYTES_MAX)
    key = "" if data is None else data.decode("ascii", errors="replace").strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise UnreachableError(f"{path} does not hold an API key")
    return key


def _policy(path: Path | None) -> Policy | None:
    return None if path is None else load_policy(path)


def _run_log_verify(args: argparse.Namespace) -> int:
    def action() -> dict[str, Any]:
        report: LogReport = verify_log(
            args.source,
            args.key,
            state_file=args.state,
            policy=_policy(args.policy),
            api_key=_api_key(args.api_key_file),
            progress=_progress,
        )
        return {
            "verified": True,
            "origin": report.origin,
            "key": report.vkey,
            "size": report.size,
            "root": render_base64(report.root),
            "cosigned": list(report.cosigned),
            "previous_size": report.previous_size,
            "tiles": report.tiles,
            "bundles": report.bundles,
            "kinds": report.kinds,
            "proved": list(report.proved),
            "not_proved": list(report.not_proved),
        }

    return _guarded(action, as_json=args.json)


def _run_log_pull(args: argparse.Namespace) -> int:
    def action() -> dict[str, Any]:
        report: PullReport = pull_log(
            args.source,
            args.out,
            log=args.key,
            api_key=_api_key(args.api_key_file),
            progress=_progress,
        )
        return {
            "origin": report.origin,
            "size": report.size,
            "root": render_base64(report.root),
            "fetched": report.fetched,
            "present": report.present,
            "signature_verified": report.signature_verified,
        }

    return _guarded(action, as_json=args.json)


def _known_logs(data: Path | None) -> Path:
    if data is None:
        data = Path(os.environ.get("EVENHAND_DATA") or _DEFAULT_DATA)
    return data.expanduser() / "known-logs"


def _run_receipt_verify(args: argparse.Namespace) -> int:
    def action() -> dict[str, Any]:
        def known(origin: str) -> Verifier:
            return find_known_key(_known_logs(args.data), origin=origin)

        report: ReceiptReport = verify_receipt(
            args.file, args.key or known, policy=_policy(args.policy)
        )
        return {
            "verified": True,
            "origin": report.origin,
            "key": report.vkey,
            "index": report.index,
            "size": report.size,
            "root": render_base64(report.root),
            "cosigned": list(report.cosigned),
            "kind": report.kind,
            "time": report.at,
            "entry": report.entry.decode("ascii"),
            "proved": list(report.proved),
            "not_proved": list(report.not_proved),
        }

    return _guarded(action, as_json=args.json)
