"""Writing CSV in two flavours: exact for programs, neutralised for spreadsheets.

A spreadsheet takes a cell that starts with ``=``, ``+``, ``-``, ``@``, their full-width
forms, or a tab or line break for a formula, which may then send data away
(reliability.md, item 87). The *spreadsheet* flavour puts an apostrophe before such
cells. So that nothing is lost, cells that already look neutralised get one more:

    risky(cell)  = apostrophes*, blanks*, one trigger
    neutralise   = one apostrophe more, if risky       ``=1`` -> ``'=1`` -> ``''=1``
    restore      = one apostrophe less, if risky and the cell starts with one

``restore_cell(neutralise_cell(cell)) == cell`` for every cell. Negative numbers are
neutralised too: use the *exact* flavour, which changes nothing, for machines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from evenhand.formats.errors import FormatError

CsvFlavour = Literal["exact", "spreadsheet"]

# Blanks before a trigger are trimmed by some programs, hence they do not make it harmless.
_RISKY: Final = re.compile(
    "'*(?:[\t\r\n]|[\\s\x00-\x1f\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20])"
)
_MUST_QUOTE: Final = re.compile('[",\r\n]')


def neutralise_cell(cell: str) -> str:
    """Return the cell as the spreadsheet flavour holds it."""
    return "'" + cell if _RISKY.match(cell) else cell


def restore_cell(cell: str) -> str:
    """Undo ``neutralise_cell``."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell


def render_csv_row(cells: Sequence[str], *, flavour: CsvFlavour) -> bytes:
    """Write one record in UTF-8 with CRLF at its end (RFC 4180).

    The exact flavour quotes where it must, the spreadsheet flavour always. What
    ``CsvReader`` would refuse is refused: no cells at all, NUL, lone surrogates.
    Raises FormatError.
    """
    if not cells:
        message = "A CSV record needs at least one cell."
        raise FormatError(message)
    if flavour == "spreadsheet":
        line = ",".join(_quoted(neutralise_cell(cell)) for cell in cells)
    else:
        line = ",".join(_quoted(c) if _MUST_QUOTE.search(c) else c for c in cells) or '""'
    if "\x00" in line:
        message = "A cell contains U+0000, which CSV cannot hold."
        raise FormatError(message)
    try:
        return (line + "\r\n").encode("utf-8")
    except UnicodeEncodeError:
        message = "A cell contains half of a surrogate pair."
        raise FormatError(message) from None


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'
