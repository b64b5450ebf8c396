"""The one error of the formats engine: what is wrong, and where."""

from __future__ import annotations


class FormatError(ValueError):
    """Input that is refused.

    ``line`` and ``column`` count from 1, the column in Unicode code points;
    ``offset`` counts UTF-8 bytes from 0. Each is None where it is not known.
    """

    def __init__(
        self,
        sentence: str,
        *,
        line: int | None = None,
        column: int | None = None,
        offset: int | None = None,
    ) -> None:
        self.sentence = sentence
        self.line = line
        self.column = column
        self.offset = offset
        super().__init__(_with_place(sentence, line=line, column=column))


def _with_place(sentence: str, *, line: int | None, column: int | None) -> str:
    if line is None:
        return sentence
    if column is None:
        return f"Line {line}: {sentence}"
    return f"Line {line}, column {column}: {sentence}"
