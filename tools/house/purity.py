"""H010: the clock, ids and randomness are parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from house.floor import EDGES, ENGINES
from house.model import Finding, Source, Tree
from house.names import dotted_references

__all__ = ["check_purity"]

SOURCES_OF_TRUTH = frozenset({"src/evenhand/platform/clock.py", "src/evenhand/platform/ids.py"})

CLOCK = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time.gmtime",
        "time.localtime",
        "time.time",
        "time.time_ns",
    }
)
# Measuring how long something took is no fact about the world; an engine has no need of it.
STOPWATCH = frozenset(
    {"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"}
)
IDS = frozenset({"uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7"})
CHANCE_MODULES = frozenset({"random", "secrets"})
CHANCE = frozenset({"os.urandom", "os.getrandom"})
# A generator made from a seed is a parameter; made from nothing it is chance.
SEEDED = frozenset({"random.Random", "numpy.random.default_rng", "numpy.random.SeedSequence"})


def check_purity(tree: Tree) -> Iterator[Finding]:
    """Only platform/clock.py and platform/ids.py ask the machine; edges may."""
    for source in tree.python(below="src/evenhand/"):
        if source.path in SOURCES_OF_TRUTH or source.package in EDGES or source.name == "cli.py":
            continue
        yield from _impure_uses(source)


def _impure_uses(source: Source) -> Iterator[Finding]:
    seeded = _seeded_calls(source.syntax)
    for line, name, node in dotted_references(source):
        if name in SEEDED:
            if id(node) in seeded or _is_annotation(node, source.syntax):
                continue
            sentence = f"{name} without a seed. Take the seed as a parameter."
        elif name in CLOCK:
            sentence = f"{name} reads the clock. Take the time as a parameter."
        elif name in STOPWATCH:
            if source.package not in ENGINES:
                continue
            sentence = f"{name} measures time. An engine does not; measure in the room that calls."
        elif name in IDS:
            sentence = f"{name} makes an id. Use platform.ids, or take the id as a parameter."
        elif name in CHANCE or _is_chance(name):
            sentence = f"{name} is chance. Use platform.ids, or take the bytes as a parameter."
        else:
            continue
        yield Finding(source.path, line, "H010", sentence)


def _is_chance(name: str) -> bool:
    # Comparing in constant time is no chance, though it lives in `secrets`.
    return name.partition(".")[0] in CHANCE_MODULES and name not in {
        "random",
        "secrets",
        "secrets.compare_digest",
    }


def _seeded_calls(module: ast.Module) -> set[int]:
    """The function nodes of calls that pass at least one argument."""
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call))
    return {id(call.func) for call in calls if call.args or call.keywords}


def _is_annotation(node: ast.expr, module: ast.Module) -> bool:
    """Whether the node stands in a type: a parameter, a return or an annotated assignment."""
    for parent in ast.walk(module):
        types: list[ast.expr | None] = []
        if isinstance(parent, ast.arg | ast.AnnAssign):
            types.append(parent.annotation)
        elif isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            types.append(parent.returns)
        for kind in types:
            if kind is not None and any(inner is node for inner in ast.walk(kind)):
                return True
    return False
