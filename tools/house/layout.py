"""H001 to H006: sizes, names and furniture."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from house.floor import FURNITURE, ROOMS
from house.model import Finding, Source, Tree

__all__ = [
    "check_door_and_readme",
    "check_file_length",
    "check_file_length_soft",
    "check_function_length",
    "check_furniture",
    "check_module_names",
]

FILE_LINES_SOFT = 400
FILE_LINES_HARD = 600
FUNCTION_LINES = 70
NAMELESS = frozenset(
    {"base2", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
)


def _measured(tree: Tree) -> Iterator[Source]:
    return (s for s in tree if s.suffix in {".py", ".js", ".sql"} and "vendor" not in s.parts)


def check_file_length(tree: Tree) -> Iterator[Finding]:
    """A file has at most 600 lines."""
    for source in _measured(tree):
        if len(source.lines) > FILE_LINES_HARD:
            sentence = f"{len(source.lines)} lines; {FILE_LINES_HARD} is the end. Split the file."
            yield Finding(source.path, 0, "H001", sentence)


def check_file_length_soft(tree: Tree) -> Iterator[Finding]:
    """A file above 400 lines says why it is still one thing."""
    for source in _measured(tree):
        if FILE_LINES_SOFT < len(source.lines) <= FILE_LINES_HARD:
            sentence = f"{len(source.lines)} lines, above {FILE_LINES_SOFT}. Is it one thing?"
            yield Finding(source.path, 0, "H002", sentence)


def check_function_length(tree: Tree) -> Iterator[Finding]:
    """A function has at most 70 lines, its docstring not counted."""
    for source in tree.python():
        for node in ast.walk(source.syntax):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            length = _last_line(node) - node.lineno + 1 - _docstring_lines(node)
            if length > FUNCTION_LINES:
                sentence = f"{node.name} has {length} lines; {FUNCTION_LINES} fit on a screen."
                yield Finding(source.path, node.lineno, "H003", sentence)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return _last_line(node.body[0]) - node.body[0].lineno + 1


def _last_line(node: ast.stmt) -> int:
    # Only trees built by hand have no end.
    return node.end_lineno or node.lineno


def check_module_names(tree: Tree) -> Iterator[Finding]:
    """A module's or folder's name says what is in it."""
    for source in tree:
        if source.suffix not in {".py", ".js", ".sql"} or "vendor" in source.parts:
            continue
        for part in source.parts:
            if part.split(".")[0].strip("_") in NAMELESS:
                sentence = f"{part!r} says nothing. Name the file after what it holds."
                yield Finding(source.path, 0, "H004", sentence)


def check_furniture(tree: Tree) -> Iterator[Finding]:
    """Every room has the same furniture; what one room alone has, its README names and explains."""
    for source in tree:
        room = source.package
        if room not in ROOMS:
            continue
        inner = "/".join(source.parts[3:])
        readme = tree.sources.get(f"src/evenhand/{room}/README.md")
        if inner in FURNITURE or (readme and f"`{inner}`" in readme.text):
            continue
        sentence = (
            f"{inner} is no furniture of a room (model, rules, store, actions …). Move it there, "
            f"or say in {room}/README.md what `{inner}` is."
        )
        yield Finding(source.path, 0, "H005", sentence)


def check_door_and_readme(tree: Tree) -> Iterator[Finding]:
    """Every package has a README and a door that lists what it offers."""
    packages = {s.package for s in tree.python() if s.package is not None}
    for package in sorted(packages - {"static", "migrations"}):
        folder = f"src/evenhand/{package}"
        if f"{folder}/README.md" not in tree.sources:
            yield Finding(f"{folder}/README.md", 0, "H006", "The package has no README.md.")
        door = tree.sources.get(f"{folder}/__init__.py")
        if door is None:
            yield Finding(f"{folder}/__init__.py", 0, "H006", "The package has no door.")
        elif not _lists_its_names(door):
            yield Finding(door.path, 0, "H006", "The door does not say what it offers (__all__).")


def _lists_its_names(door: Source) -> bool:
    for node in door.syntax.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return True
    return False
