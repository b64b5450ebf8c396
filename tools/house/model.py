"""Values that the rules speak in: a tree of sources goes in, findings come out.

A rule is a pure function over a `Tree`; files are read once, in `reading.py`. So a rule's examples
are small trees written down in its test.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

__all__ = ["Escape", "Finding", "Rule", "Source", "Tree"]

_ESCAPE = re.compile(r"(?:^|\s)(?:#|--|//)\s*house:\s*(H\d{3})[ \t]*(.*)$")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule at one place; `line` counts from 1 and is 0 for a whole file."""

    path: str
    line: int
    code: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.code} {self.sentence}"


@dataclass(frozen=True, slots=True)
class Escape:
    """A comment `# house: H001 reason` on a line: that rule is waived there, and counted."""

    path: str
    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class Source:
    """One text file by its path below the repository's root (POSIX form)."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        """`.py` and the like; empty without one."""
        return PurePosixPath(self.path).suffix

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders and the name."""
        return PurePosixPath(self.path).parts

    @cached_property
    def lines(self) -> list[str]:
        """The text by lines, without their ends."""
        return self.text.splitlines()

    @cached_property
    def syntax(self) -> ast.Module:
        """The syntax tree. Raises: SyntaxError, which ends the run (ruff explains it better)."""
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def package(self) -> str | None:
        """The name below `src/evenhand/` that this file lies in, or None outside of it."""
        if self.parts[:2] == ("src", "evenhand") and len(self.parts) > 3:  # noqa: PLR2004
            return self.parts[2]
        return None

    @cached_property
    def escapes(self) -> list[Escape]:
        """The waivers in this file, in order of lines."""
        found: list[Escape] = []
        for number, text in self._comments():
            match = _ESCAPE.search(text)
            if match:
                code, reason = match.groups()
                found.append(Escape(self.path, number, code, reason.strip()))
        return found

    def _comments(self) -> Iterator[tuple[int, str]]:
        """Lines that may hold a waiver; in Python true comments only, so no string is taken."""
        if "house:" not in self.text:
            return
        if self.suffix != ".py":
            yield from enumerate(self.lines, start=1)
            return
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@dataclass(frozen=True)
class Tree:
    """The files that the rules look at."""

    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Tree:
        """A tree written down as path to text."""
        return cls({path: Source(path, text) for path, text in texts.items()})

    def __iter__(self) -> Iterator[Source]:
        yield from self.sources.values()

    def python(self, *, below: str = "") -> Iterator[Source]:
        """The Python files whose path begins with `below`."""
        return (s for s in self if s.suffix == ".py" and s.path.startswith(below))

    def sql(self) -> Iterator[Source]:
        """The SQL files."""
        return (s for s in self if s.suffix == ".sql")


@dataclass(frozen=True, slots=True)
class Rule:
    """A house rule. `hard` rules cannot be waived by a comment."""

    code: str
    title: str
    check: Callable[[Tree], Iterator[Finding]]
    hard: bool = False
