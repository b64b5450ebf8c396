"""H040: nothing that turns data into code."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from house.model import Finding, Tree
from house.names import dotted_references, imported_modules

__all__ = ["check_danger"]

MODULES = frozenset({"cPickle", "dill", "jsonpickle", "marshal", "pickle", "shelve"})
FUNCTIONS = frozenset({"yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"})


def check_danger(tree: Tree) -> Iterator[Finding]:
    """No pickle, no unsafe YAML, no eval and no exec in the program."""
    for source in tree.python(below="src/evenhand/"):
        for line, name in imported_modules(source):
            if name.split(".")[0] in MODULES:
                yield Finding(source.path, line, "H040", f"{name} runs what it reads.")
        for line, name, _ in dotted_references(source):
            if name in FUNCTIONS:
                yield Finding(source.path, line, "H040", f"{name} runs what it reads.")
        for node in ast.walk(source.syntax):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"eval", "exec"}
            ):
                sentence = f"{node.func.id}() turns data into code."
                yield Finding(source.path, node.lineno, "H040", sentence)
