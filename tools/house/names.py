"""Resolves a local name to the dotted name that it was imported as."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from house.model import Source

__all__ = ["dotted_references", "imported_modules"]


def dotted_references(source: Source) -> Iterator[tuple[int, str, ast.expr]]:
    """Each use of an imported name as (line, dotted name, node): `dt.datetime.now` and the like."""
    origins = _import_origins(source.syntax)
    inner: set[int] = set()
    for node in ast.walk(source.syntax):
        if not isinstance(node, ast.Attribute | ast.Name) or id(node) in inner:
            continue
        chain: list[str] = []
        step: ast.expr = node
        while isinstance(step, ast.Attribute):
            chain.append(step.attr)
            step = step.value
            inner.add(id(step))
        if isinstance(step, ast.Name) and step.id in origins:
            yield node.lineno, ".".join([origins[step.id], *reversed(chain)]), node


def _import_origins(module: ast.Module) -> dict[str, str]:
    origins: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    origins[alias.asname] = alias.name
                else:
                    first = alias.name.split(".")[0]
                    origins[first] = first
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                origins[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return origins


def imported_modules(source: Source) -> Iterator[tuple[int, str]]:
    """Each imported name as (line, absolute dotted name), relative imports resolved."""
    package = list(source.parts[1:-1])  # Without "src".
    for node in ast.walk(source.syntax):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package[: len(package) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
