"""H050: one word per thing. The words are those of docs/glossary.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from house.model import Finding, Source, Tree

__all__ = ["check_words", "words_of"]

# The word that we do not use, and what we say.
BANNED = {
    "completion": "annotation or judgment",
    "completions": "annotations or judgments",
    "groundtruth": "gold",
    "honeypot": "gold",
    "honeypots": "gold",
    "labeler": "annotator",
    "labelers": "annotators",
    "labeller": "annotator",
    "labellers": "annotators",
    "sample": "item",
    "samples": "items",
    "tasker": "annotator",
    "taskers": "annotators",
    "worker": "annotator",
    "workers": "annotators",
}
# Words that belong to somebody else's vocabulary, per package.
FOREIGN = {
    # A worker is also a process of the operating system.
    "app": frozenset({"worker", "workers"}),
    "platform": frozenset({"worker", "workers"}),
    # RFC 4180 calls a line of a CSV file a record.
    "formats": frozenset({"record", "records"}),
    "imports": frozenset({"record", "records"}),
    # The literature of aggregation says task, worker, label, and so do data columns there.
    "consensus": frozenset({"worker", "workers"}),
    "quality": frozenset({"sample", "samples", "worker", "workers"}),
    "tasktypes": frozenset({"sample", "samples", "worker", "workers"}),
}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SQL_NOISE = re.compile(r"--[^\n]*|'(?:[^']|'')*'")
_SQL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def words_of(identifier: str) -> list[str]:
    """The words of a snake_case or CamelCase name, in lower case."""
    return [word.lower() for word in _WORD.findall(identifier)]


def check_words(tree: Tree) -> Iterator[Finding]:
    """Identifiers use our words."""
    for source in tree:
        if not source.path.startswith("src/evenhand/") or "vendor" in source.parts:
            continue
        if source.suffix == ".py":
            names = _python_names(source)
        elif source.suffix == ".sql":
            names = _sql_names(source)
        else:
            continue
        for line, name in sorted(set(names)):
            ours = _what_we_say(name, source.package)
            if ours:
                sentence = f"{name}: we say {ours} (docs/glossary.md)."
                yield Finding(source.path, line, "H050", sentence)


def _what_we_say(name: str, package: str | None) -> str | None:
    words = words_of(name)
    for first, second in pairwise(words):
        if (first, second) == ("ground", "truth"):
            return BANNED["groundtruth"]
    foreign = FOREIGN.get(package or "", frozenset())
    for word in words:
        if word in BANNED and word not in foreign:
            return BANNED[word]
    # As a verb, to record is fine (record_verdict); a record is not one of our things.
    if words[1:] and words[-1] in {"record", "records"} and words[-1] not in foreign:
        return "the thing's own name instead of record"
    return None


def _python_names(source: Source) -> Iterator[tuple[int, str]]:
    """Names that the file itself gives: definitions, parameters and assigned names."""
    yield 0, source.name.removesuffix(".py")
    for node in ast.walk(source.syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def _sql_names(source: Source) -> Iterator[tuple[int, str]]:
    text = _SQL_NOISE.sub(lambda match: "\n" * match.group().count("\n"), source.text)
    for number, line in enumerate(text.splitlines(), start=1):
        for name in _SQL_NAME.findall(line):
            # RECORD is a type of PostgreSQL's.
            if name.lower() not in {"record", "tablesample"}:
                yield number, name
