"""H020 to H022: SQL lies in files, names its columns and says what it touches."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from house.model import Finding, Source, Tree

__all__ = ["check_built_sql", "check_query_headers", "check_select_star"]

_RUNS_SQL = re.compile(r"^(execute|executemany|fetch|fetch[a-z_]+|copy_from_query|prepare)$")
_SQL = re.compile(
    r"^\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\S+\s+SET\s|DELETE FROM\s|WITH\s+\w+\s+AS\s|TRUNCATE\s"
    r"|CREATE\s+(TABLE|ROLE|SCHEMA|DATABASE|FUNCTION|INDEX|POLICY)\s|ALTER\s+\w+\s|DROP\s+\w+\s"
    r"|GRANT\s|REVOKE\s|SET\s+LOCAL\s)"
)
# Into a variable of the table's row type is fine: there the type names the columns. So is a
# qualified star inside a function, on its way into such a variable.
_STAR = re.compile(r"\bselect\s+(distinct\s+)?\*(?!\s+into\b)", re.IGNORECASE)
_QUALIFIED_STAR = re.compile(r"\bselect\s+(distinct\s+)?\w+\.\*", re.IGNORECASE)
_NAME = re.compile(r"^-- name: (\S+)")
_GIVES = re.compile(r"\b(gives|returns)\b", re.IGNORECASE)
_READS = re.compile(r"\breads\b", re.IGNORECASE)
_WRITES = re.compile(r"\b(writes|deletes|locks)\b", re.IGNORECASE)
_TABLE = re.compile(r"\b(from|join)\s+\w+\.\w+\b(?!\s*\()", re.IGNORECASE)
_CHANGES = re.compile(r"\b(insert\s+into|update\s+\w+\.\w+|delete\s+from)\b", re.IGNORECASE)


def check_built_sql(tree: Tree) -> Iterator[Finding]:
    """No statement is put together from strings."""
    for source in tree.python(below="src/evenhand/"):
        reported: set[int] = set()
        for node in ast.walk(source.syntax):
            if isinstance(node, ast.Call) and _runs_sql(node):
                first = _statement_of(node)
                built = first is not None and _is_built(first)
            elif isinstance(node, ast.expr):
                built = _is_built(node) and bool(_SQL.match(_literal_start(node)))
            else:
                continue
            if built and node.lineno not in reported:
                reported.add(node.lineno)
                sentence = "SQL built from strings. Put it in queries.sql and pass parameters."
                yield Finding(source.path, node.lineno, "H020", sentence)


def _runs_sql(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and bool(_RUNS_SQL.match(call.func.attr))


def _statement_of(call: ast.Call) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg in {"query", "command", "sql"}:
            return keyword.value
    return call.args[0] if call.args else None


def _is_built(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        holes = [value.value for value in node.values if isinstance(value, ast.FormattedValue)]
        return not all(_is_constant_name(hole) for hole in holes)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _is_text(node.left) or _is_text(node.right)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"format", "format_map", "join"}
        and _is_text(node.func.value)
    )


def _is_constant_name(node: ast.expr) -> bool:
    # A fragment that several statements share, written down once as a constant, is no data.
    return isinstance(node, ast.Name) and node.id.isupper()


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _literal_start(node: ast.expr) -> str:
    """The text that a built string begins with, as far as it is written down."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return _literal_start(node.values[0])
    if isinstance(node, ast.BinOp):
        return _literal_start(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _literal_start(node.func.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def check_select_star(tree: Tree) -> Iterator[Finding]:
    """A query names its columns."""
    for source in tree.sql():
        for number, line in enumerate(source.lines, start=1):
            code = line.split("--")[0]
            qualified = source.name == "queries.sql" and _QUALIFIED_STAR.search(code)
            if qualified or _STAR.search(code):
                yield Finding(source.path, number, "H021", "SELECT * hides what comes back.")


def check_query_headers(tree: Tree) -> Iterator[Finding]:
    """Each named query says what it gives and what it reads and writes.

    The header is the comment below `-- name:`, in sentences: `Gives id, state. Reads tasks.task.
    Writes tasks.lease. A double click finds the first lease.` The last one, why, is asked for by
    reviewers, not by this rule.
    """
    for source in tree.sql():
        if source.name == "queries.sql":
            yield from _incomplete_headers(source)


def _incomplete_headers(source: Source) -> Iterator[Finding]:
    starts = [number for number, line in enumerate(source.lines) if _NAME.match(line)]
    for start, end in zip(starts, [*starts[1:], len(source.lines)], strict=True):
        block = source.lines[start + 1 : end]
        header = " ".join(takewhile(lambda line: line.startswith("--"), block))
        code = " ".join(line.split("--")[0] for line in block)
        missing: list[str] = []
        if not _GIVES.search(header):
            missing.append("what it gives")
        if _CHANGES.search(code) and not _WRITES.search(header):
            missing.append("what it writes")
        # What a function reads stands with the function.
        if _TABLE.search(code) and not (_READS.search(header) or _WRITES.search(header)):
            missing.append("what it reads")
        if missing:
            name = source.lines[start].removeprefix("-- name: ").strip()
            sentence = f"{name}: the header does not say {' and '.join(missing)}."
            yield Finding(source.path, start + 1, "H022", sentence)
