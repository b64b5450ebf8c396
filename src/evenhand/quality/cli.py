"""``evenhand quality aggregate | agreement | rank`` over files (specs/interfaces.md).

Exit codes: 0 done; 1 the data do not allow the answer (for example no task with two
judgments); 2 wrong use; 3 a file could not be read or written. Data goes to standard
output, all else to standard error. Each command sets ``run``, a function from the
parsed arguments to the exit code.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from evenhand.quality.aggregation import aggregate, methods
from evenhand.quality.agreement import BOOTSTRAP, Level, agreement
from evenhand.quality.bradley_terry import REGULARISATION, bradley_terry
from evenhand.quality.errors import QualityError
from evenhand.quality.files import FileRefusedError, Table, read_columns, write_tables
from evenhand.quality.results import TieRule

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (no public name)  # pyright: ignore[reportPrivateUsage]

_DONE: Final = 0
_ANSWER_IS_NO: Final = 1
_WRONG_USE: Final = 2
_NOT_POSSIBLE: Final = 3
_RANKINGS: Final = ("bradley-terry",)


def add_commands(subparsers: Subparsers) -> None:
    """Add ``quality`` with its commands to the program's parser."""
    quality = subparsers.add_parser("quality", help="consensus, agreement and rankings from files")
    commands = quality.add_subparsers(dest="quality_command", required=True, metavar="COMMAND")
    _add_aggregate(commands)
    _add_agreement(commands)
    _add_rank(commands)


def _add_aggregate(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "aggregate", help="find one label per task; LABELS is CSV with task, worker, label"
    )
    parser.add_argument("labels", nargs="?", type=Path, metavar="LABELS")
    parser.add_argument("--method", default="default", help="a method's name, or: list")
    parser.add_argument("--out", type=Path, help="CSV to write: task, label, confidence")
    parser.add_argument("--workers-out", type=Path, help="CSV to write: worker, skill, judgments")
    parser.add_argument("--ties", choices=["drawn", "first"], help="who wins among equals")
    parser.add_argument("--seed", type=_seed, default=0)
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    parser.set_defaults(run=_guarded(_aggregate))


def _add_agreement(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "agreement", help="print coefficients as JSON; LABELS is CSV with task, worker, label"
    )
    parser.add_argument("labels", type=Path, metavar="LABELS")
    parser.add_argument("--level", choices=["nominal", "ordinal", "interval"], default="nominal")
    parser.add_argument("--order", help="the classes from low to high, with commas between")
    parser.add_argument("--bootstrap", type=_seed, default=BOOTSTRAP, help="resamples, 0 for none")
    parser.add_argument("--seed", type=_seed, default=0)
    parser.add_argument("--json", action="store_true", help="JSON is what it prints anyway")
    parser.set_defaults(run=_guarded(_agreement))


def _add_rank(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "rank", help="score items; COMPARISONS is CSV with left, right, winner"
    )
    parser.add_argument("comparisons", nargs="?", type=Path, metavar="COMPARISONS")
    parser.add_argument("--method", default="bradley-terry", help="a method's name, or: list")
    parser.add_argument("--out", type=Path, help="CSV to write: item, score, low, high")
    parser.add_argument("--regularisation", type=_above_zero, default=REGULARISATION)
    parser.add_argument("--bootstrap", type=_seed, default=0, help="resamples, 0 for analytic")
    parser.add_argument("--seed", type=_seed, default=0)
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    parser.set_defaults(run=_guarded(_rank))


def _seed(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


# What argparse calls a value that it refuses.
_seed.__name__ = "number from 0"
_above_zero.__name__ = "number above 0"


def _guarded(
    command: Callable[[argparse.Namespace], int],
) -> Callable[[argparse.Namespace], int]:
    """Turn what a command may anticipate into a sentence and an exit code."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except QualityError as error:
            return _complain(str(error), _ANSWER_IS_NO)
        except FileRefusedError as error:
            return _complain(str(error), _NOT_POSSIBLE)

    return run


def _complain(sentence: str, code: int) -> int:
    print(f"evenhand: {sentence}", file=sys.stderr)
    return code


def _wrong_method(method: str, names: Sequence[str]) -> int:
    return _complain(f"There is no method {method!r}; there are {', '.join(names)}.", _WRONG_USE)


def _print_names(names: Sequence[str], *, as_json: bool) -> int:
    print(json.dumps(list(names)) if as_json else "\n".join(names))
    return _DONE


def _summarise(summary: Mapping[str, object], sentence: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(summary))
    else:
        print(sentence, file=sys.stderr)
    return _DONE


def _aggregate(arguments: argparse.Namespace) -> int:
    method = cast("str", arguments.method)
    as_json = cast("bool", arguments.json)
    if method == "list":
        return _print_names(methods(), as_json=as_json)
    if method not in methods():
        return _wrong_method(method, methods())
    source = cast("Path | None", arguments.labels)
    out = cast("Path | None", arguments.out)
    if source is None or out is None:
        return _complain("LABELS and --out are needed; see --help.", _WRONG_USE)
    task, worker, label = read_columns(source, ["task", "worker", "label"])
    result = aggregate(
        task,
        worker,
        label,
        method=method,
        ties=cast("TieRule | None", arguments.ties),
        seed=cast("int", arguments.seed),
    )
    answers = zip(result.tasks.tolist(), result.labels.tolist(), strict=True)
    rows = [
        (str(name), str(chosen), repr(confidence))
        for (name, chosen), confidence in zip(answers, result.confidences.tolist(), strict=True)
    ]
    tables = [Table(out, ["task", "label", "confidence"], rows)]
    workers_out = cast("Path | None", arguments.workers_out)
    if workers_out is not None:
        counts = Counter(worker)
        skilled = zip(result.workers.tolist(), result.skills.tolist(), strict=True)
        found = [(str(name), repr(skill), str(counts[str(name)])) for name, skill in skilled]
        tables.append(Table(workers_out, ["worker", "skill", "judgments"], found))
    write_tables(tables)
    summary = {
        "method": result.method,
        "tasks": len(result.tasks),
        "workers": len(result.workers),
        "classes": len(result.classes),
        "judgments": len(task),
        "iterations": result.iterations,
        "converged": result.converged,
        "version": result.version,
        "parameters": dict(result.parameters),
        "input_hash": result.input_hash,
    }
    sentence = f"{len(task)} judgments of {len(rows)} tasks by {method}: wrote {out}."
    return _summarise(summary, sentence, as_json=as_json)


def _agreement(arguments: argparse.Namespace) -> int:
    source = cast("Path", arguments.labels)
    order = cast("str | None", arguments.order)
    task, worker, label = read_columns(source, ["task", "worker", "label"])
    result = agreement(
        task,
        worker,
        label,
        level=cast("Level", arguments.level),
        order=None if order is None else order.split(","),
        bootstrap=cast("int", arguments.bootstrap),
        seed=cast("int", arguments.seed),
    )
    print(json.dumps(asdict(result), indent=2))
    return _DONE


def _rank(arguments: argparse.Namespace) -> int:
    method = cast("str", arguments.method)
    as_json = cast("bool", arguments.json)
    if method == "list":
        return _print_names(_RANKINGS, as_json=as_json)
    if method not in _RANKINGS:
        return _wrong_method(method, _RANKINGS)
    source = cast("Path | None", arguments.comparisons)
    out = cast("Path | None", arguments.out)
    if source is None or out is None:
        return _complain("COMPARISONS and --out are needed; see --help.", _WRONG_USE)
    left, right, winner = read_columns(source, ["left", "right", "winner"])
    result = bradley_terry(
        left,
        right,
        winner,
        regularisation=cast("float", arguments.regularisation),
        bootstrap=cast("int", arguments.bootstrap),
        seed=cast("int", arguments.seed),
    )
    places = sorted(range(len(result.items)), key=lambda place: -float(result.scores[place]))
    names = result.items.tolist()
    rows = [
        (
            str(names[place]),
            repr(float(result.scores[place])),
            repr(float(result.low[place])),
            repr(float(result.high[place])),
        )
        for place in places
    ]
    write_tables([Table(out, ["item", "score", "low", "high"], rows)])
    summary = {
        "method": result.method,
        "items": len(names),
        "comparisons": len(left),
        "groups": result.groups,
        "iterations": result.iterations,
        "version": result.version,
        "parameters": dict(result.parameters),
        "input_hash": result.input_hash,
    }
    sentence = f"{len(left)} comparisons of {len(names)} items: wrote {out}."
    if result.groups > 1:
        sentence += f" They fall into {result.groups} groups that nothing compares to each other."
    return _summarise(summary, sentence, as_json=as_json)
