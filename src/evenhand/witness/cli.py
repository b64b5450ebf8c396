"""The commands ``witness init``, ``witness serve`` and ``witness status``.

Exit codes: 0 done, 2 wrong use, 3 could not be done.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, cast

from evenhand.tlog import Algorithm, Cosigner, NoteError
from evenhand.witness.accepted import EMPTY_LIST, AcceptedLogs
from evenhand.witness.errors import WitnessError, WrongUseError
from evenhand.witness.files import replace_file
from evenhand.witness.keyfile import load_keys, make_keys
from evenhand.witness.server import WitnessServer
from evenhand.witness.state import WitnessState, count_evidence, load_cosigned
from evenhand.witness.witness import Witness

DONE, WRONG_USE, NOT_DONE = 0, 2, 3
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8421

_KEY, _LOGS = "key", "logs"
_SEED_BYTES = 32
_PORT_MAX = 65_535


class Commands(Protocol):
    """What ``ArgumentParser.add_subparsers`` returns."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002
        """Add a command."""
        ...


def add_commands(subparsers: Commands) -> None:
    """Register ``witness``; each command sets ``run``: from the arguments to an exit code."""
    witness = subparsers.add_parser("witness", help="run a witness of transparency logs")
    _add_own(witness.add_subparsers(required=True, metavar="COMMAND"))


def _add_own(inner: Commands) -> None:
    init = inner.add_parser("init", help="make a witness's keys; prints its verifier keys")
    _add_folder(init)
    init.add_argument("--name", required=True, help="an address without scheme, as w.example/1")
    init.add_argument(
        "--ml-dsa-44", action="store_true", help="a second key, safe against quantum computers"
    )
    init.set_defaults(run=_guarded(_init))
    serve = inner.add_parser("serve", help="cosign checkpoints of the accepted logs")
    _add_folder(serve)
    serve.add_argument(
        "--logs", metavar="FILE", type=Path, help="verifier keys of logs (default: DIR/logs)"
    )
    serve.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (loopback)")
    serve.add_argument("--port", type=_port, default=DEFAULT_PORT)
    serve.add_argument("--ready-file", type=Path, metavar="FILE", help="written when it answers")
    serve.set_defaults(run=_guarded(_serve))
    status = inner.add_parser("status", help="what was cosigned last, and what was refused")
    _add_folder(status)
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=_guarded(_status))


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder", metavar="DIR", type=Path, required=True, help="keys and state of the witness"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the commands without the rest of the platform."""
    parser = argparse.ArgumentParser(
        prog="python -m evenhand.witness", description="A witness of transparency logs."
    )
    _add_own(parser.add_subparsers(required=True, metavar="COMMAND"))
    args = parser.parse_args(argv)
    run = cast("Callable[[argparse.Namespace], int]", args.run)
    return run(args)


def _guarded(
    action: Callable[[argparse.Namespace], None],
) -> Callable[[argparse.Namespace], int]:
    """Turn what went wrong into a sentence and an exit code."""

    def run(args: argparse.Namespace) -> int:
        try:
            action(args)
        except WrongUseError as error:
            return _fail(str(error), WRONG_USE)
        except WitnessError as error:
            return _fail(str(error), NOT_DONE)
        return DONE

    return run


def _fail(message: str, code: int) -> int:
    shown = "".join(c if c.isprintable() else "?" for c in message)
    print(f"evenhand: {shown}", file=sys.stderr)
    return code


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _PORT_MAX:
        raise argparse.ArgumentTypeError("a port lies between 0 and 65535")
    return number


def _init(args: argparse.Namespace) -> None:
    algorithms = [Algorithm.COSIGNATURE_V1, *([Algorithm.ML_DSA_44] if args.ml_dsa_44 else [])]
    try:
        keys = [
            Cosigner(name=args.name, seed=secrets.token_bytes(_SEED_BYTES), algorithm=algorithm)
            for algorithm in algorithms
        ]
    except NoteError as error:
        raise WrongUseError(str(error)) from error
    folder: Path = args.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_keys(folder / _KEY, keys)
        if not (folder / _LOGS).exists():
            replace_file(folder / _LOGS, EMPTY_LIST)
    except OSError as error:
        raise WitnessError(f"{folder} cannot be written: {error.strerror}") from error
    for key in keys:
        print(key.verifier.vkey)


def _serve(args: argparse.Namespace) -> None:
    folder: Path = args.folder
    keys = load_keys(folder / _KEY)
    logs = AcceptedLogs(args.logs or folder / _LOGS)
    state = WitnessState.open(folder, keys=tuple(key.verifier for key in keys))
    try:
        witness = Witness(keys=keys, logs=logs, state=state, now_s=lambda: int(time.time()))
        asyncio.run(_serve_until_told(WitnessServer(witness), args))
    except OSError as error:
        raise WitnessError(
            f"port {args.port} of {args.host} cannot be used: {error.strerror}"
        ) from error
    finally:
        state.close()


async def _serve_until_told(server: WitnessServer, args: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready(url: str) -> None:
        if args.ready_file is not None:
            said = json.dumps({"url": url, "pid": os.getpid()}).encode()
            replace_file(args.ready_file, said)
        print(f"ready {url}", flush=True)

    await server.serve(args.host, args.port, stop=stop, ready=ready)


def _status(args: argparse.Namespace) -> None:
    folder: Path = args.folder
    keys = tuple(key.verifier for key in load_keys(folder / _KEY))
    rows = [
        {
            "origin": one.checkpoint.origin,
            "size": one.checkpoint.size,
            "root": one.checkpoint.root.hex(),
            "refused": count_evidence(folder, name),
        }
        for name, one in load_cosigned(folder, keys=keys).items()
    ]
    if args.json:
        print(json.dumps({"keys": [key.vkey for key in keys], "logs": rows}))
        return
    for key in keys:
        print(f"key: {key.vkey}")
    for row in rows:
        print(f"log: {row['origin']} size {row['size']}, {row['refused']} refused checkpoints kept")
