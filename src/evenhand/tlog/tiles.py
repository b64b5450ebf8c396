"""Tiles and entry bundles: the files in which a log's tree and entries are published.

C2SP tlog-tiles (https://c2sp.org/tlog-tiles). A tile is a row of up to 256 hashes at tile level
*L*, each the root of a perfect subtree of ``256**L`` leaves; a bundle is a row of up to 256
entries. Both are addressed by level and number, and a tile that is not yet full by its width too::

    tile/0/000        tile/1/x001/234/067.p/17        tile/entries/001.p/112

Numbers are written in groups of three digits, all but the last preceded by ``x``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.tlog.errors import TileError
from evenhand.tlog.merkle import HASH_BYTES, parent_hashes, split_hashes
from evenhand.tlog.text import SIZE_MAX, parse_decimal

TILE_WIDTH = 256
TILE_LEVEL_MAX = 63
ENTRY_BYTES_MAX = 65_535

_LENGTH_BYTES = 2
_GROUP = 1000
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[0-9]+))?"
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """The address of a hash tile, or of an entry bundle where ``level`` is None.

    Raises:
        TileError: A level, number or width that no tile has.

    """

    level: int | None
    number: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        """Refuse what the layout cannot address."""
        if self.level is not None and not 0 <= self.level <= TILE_LEVEL_MAX:
            raise TileError(f"{self.level} is not a tile level")
        if not 0 <= self.number <= SIZE_MAX // TILE_WIDTH:
            raise TileError(f"{self.number} is not a tile number")
        if not 1 <= self.width <= TILE_WIDTH:
            raise TileError(f"{self.width} is not a tile width")

    @property
    def full(self) -> "TilePath":
        """The address once the tile is full."""
        return TilePath(level=self.level, number=self.number)

    def __str__(self) -> str:
        level = "entries" if self.level is None else self.level
        rest, last = divmod(self.number, _GROUP)
        groups = [f"{last:03}"]
        while rest:
            rest, group = divmod(rest, _GROUP)
            groups.append(f"x{group:03}")
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def tile_path(*, level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a hash tile below the log's prefix.

    Raises:
        TileError: No such tile can exist.

    """
    return str(TilePath(level=level, number=number, width=width))


def bundle_path(*, number: int, width: int = TILE_WIDTH) -> str:
    """Return the path of an entry bundle below the log's prefix.

    Raises:
        TileError: No such bundle can exist.

    """
    return str(TilePath(level=None, number=number, width=width))


def parse_tile_path(path: str) -> TilePath:
    """Read the path of a tile or bundle; each has exactly one spelling.

    Raises:
        TileError: Any other spelling.

    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileError(f"{path!r} is not the path of a tile")
    level, width = match["level"], match["width"]
    try:
        parsed = TilePath(
            level=None if level == "entries" else parse_decimal(level),
            number=int(re.sub("[x/]", "", match["number"])),
            width=TILE_WIDTH if width is None else parse_decimal(width),
        )
    except ValueError as error:
        raise TileError(f"{path!r} is not the path of a tile: {error}") from error
    if str(parsed) != path:
        raise TileError(f"{path!r} is not the path of a tile: it is written {str(parsed)!r}")
    return parsed


def tile_width(*, level: int, number: int, size: int) -> int:
    """Return how many hashes the tile has in a tree of ``size`` leaves: 0 if it does not exist."""
    return min(TILE_WIDTH, max(0, (size >> 8 * level) - number * TILE_WIDTH))


def edge_tiles(size: int) -> dict[int, TilePath]:
    """Return the right edge of a tree: of each tile level that has one, its partial tile."""
    edge: dict[int, TilePath] = {}
    level, count = 0, size
    while count:
        number, width = divmod(count, TILE_WIDTH)
        if width:
            edge[level] = TilePath(level=level, number=number, width=width)
        level, count = level + 1, number
    return edge


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """Return the bytes of a hash tile."""
    return b"".join(hashes)


def decode_tile(data: bytes, *, path: TilePath) -> list[bytes]:
    """Cut a hash tile into its hashes.

    Raises:
        TileError: The bytes do not have the width that the path states.

    """
    if len(data) != path.width * HASH_BYTES:
        raise TileError(f"{path}: {len(data)} bytes instead of {path.width * HASH_BYTES}")
    return split_hashes(data)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bytes of an entry bundle: each entry after its length as 16 bits, big-endian.

    Raises:
        TileError: An entry is longer than 65,535 bytes.

    """
    parts: list[bytes] = []
    for position, entry in enumerate(entries):
        if len(entry) > ENTRY_BYTES_MAX:
            raise TileError(f"entry {position} has more than {ENTRY_BYTES_MAX} bytes")
        parts += (len(entry).to_bytes(_LENGTH_BYTES), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, *, path: TilePath) -> list[bytes]:
    """Cut an entry bundle into its entries.

    Raises:
        TileError: The bytes do not hold exactly as many entries as the path states.

    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start])
        if start > len(data) or end > len(data):
            raise TileError(f"{path}: entry {len(entries)} is cut off")
        entries.append(data[start:end])
        at = end
    if len(entries) != path.width:
        raise TileError(f"{path}: {len(entries)} entries instead of {path.width}")
    return entries


def tile_rows(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the nine levels inside a tile, lowest first, as far as its width completes them.

    The last row of a full tile is its one root, which is a hash of the tile above.
    """
    rows: list[Sequence[bytes]] = [hashes]
    while len(rows[-1]) > 1:
        rows.append(parent_hashes(rows[-1]))
    return rows
