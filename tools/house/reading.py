"""Reads the tree from disk: text files only."""

from __future__ import annotations

import os
from pathlib import Path

from house.model import Source, Tree

__all__ = ["read_tree"]

SUFFIXES = frozenset(
    {
        ".cfg", ".css", ".html", ".ini", ".js", ".json", ".jsonl", ".lock", ".md", ".mjs", ".py",
        ".sh", ".sql", ".svg", ".toml", ".ts", ".txt", ".yaml", ".yml",
    }
)  # fmt: skip
NAMES = frozenset({"LICENSE", "Makefile", "NOTICE", "run", ".importlinter", ".gitignore"})
# Data of others, word for word: their words are not ours to change.
DATA = ("src/evenhand/app/demo/data/", "tests/quality/data/", "tests/house/examples/")
LARGEST_BYTES = 2_000_000


def read_tree(root: Path) -> Tree:
    """All text files below `root` that are ours: no caches, no installed packages, no data.

    Git is not asked, so that the rules also run on an unpacked archive.
    """
    sources: dict[str, Source] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if _is_ours(name))
        for name in sorted(files):
            file = Path(folder) / name
            path = file.relative_to(root).as_posix()
            if _is_wanted(path) and file.stat().st_size <= LARGEST_BYTES:
                sources[path] = Source(path, file.read_text(encoding="utf-8"))
    return Tree(sources)


def _is_ours(folder: str) -> bool:
    if folder.startswith("."):
        return folder == ".ci"
    return folder not in {"__pycache__", "build", "dist", "node_modules"}


def _is_wanted(path: str) -> bool:
    if path.startswith(DATA):
        return False
    return Path(path).suffix in SUFFIXES or Path(path).name in NAMES
