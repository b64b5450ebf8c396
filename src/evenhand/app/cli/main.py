"""The program's parser, and the one place that turns errors into exit codes."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from evenhand import __version__
from evenhand.platform.errors import EvenhandError, Invalid, NotFound

from . import demo, doctor, members, people, service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

DONE, ANSWER_IS_NO, WRONG_USE, NOT_POSSIBLE = 0, 1, 2, 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evenhand",
        description="Neutral data labeling: sealed data, walls from ties, a log you can check.",
    )
    parser.add_argument("--version", action="version", version=f"evenhand {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    service.add_commands(commands)
    demo.add_commands(commands)
    people.add_commands(commands)
    members.add_commands(commands)
    doctor.add_commands(commands)
    _add_libraries(commands)
    return parser


def _add_libraries(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage]
    from evenhand.quality import cli as quality  # noqa: PLC0415 - NumPy only where it is used
    from evenhand.verify import cli as verify  # noqa: PLC0415
    from evenhand.witness import cli as witness  # noqa: PLC0415

    verify.add_commands(commands)
    witness.add_commands(commands)
    quality.add_commands(commands)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code. Errors are one sentence on standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except EvenhandError as error:
        print(f"evenhand: {error.detail}", file=sys.stderr)
        if isinstance(error, NotFound):
            return ANSWER_IS_NO
        return WRONG_USE if isinstance(error, Invalid) else NOT_POSSIBLE
    except BrokenPipeError:
        return DONE
    except KeyboardInterrupt:
        print("evenhand: interrupted; what was acknowledged is kept.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"evenhand: {error}", file=sys.stderr)
        return NOT_POSSIBLE
