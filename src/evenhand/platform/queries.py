"""Loads a room's `queries.sql`: one named block per query, found by name, nothing built by string.

A block begins with `-- name: word`; the comment lines below it are its header (what comes back,
reads, writes, why). Every block is PREPAREd by a test.
"""

from __future__ import annotations

import re
from importlib import resources

__all__ = ["load_invariants", "load_queries", "split_queries"]

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


def split_queries(text: str) -> dict[str, str]:
    """The blocks of one file by name.

    Raises:
        ValueError: a name stands twice or a block has no statement.
    """
    pieces = _NAME.split(text)[1:]
    found: dict[str, str] = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
        statement = "\n".join(lines).strip().rstrip(";")
        if name in found or not statement:
            raise ValueError(f"query {name!r} stands twice or is empty")
        found[name] = statement
    return found


def load_queries(package: str) -> dict[str, str]:
    """The queries of the room `package` (its `__package__`)."""
    text = resources.files(package).joinpath("queries.sql").read_text(encoding="utf-8")
    return split_queries(text)


def load_invariants(package: str) -> dict[str, str]:
    """The room's `invariants.sql`: what would be broken, in words, to the query that gives its ids.

    The words are the comment line below each name. A room without the file has none.
    """
    entry = resources.files(package).joinpath("invariants.sql")
    if not entry.is_file():
        return {}
    text = entry.read_text(encoding="utf-8")
    said = re.findall(r"^-- name: [a-z0-9_]+\n-- (I[0-9]+: .+)$", text, re.MULTILINE)
    statements = split_queries(text).values()
    return dict(zip(said, statements, strict=True))
