"""Growing a published log: which files to write when entries have been appended.

Nothing is changed in place. A tile that fills up is written under its full path, and each new
partial tile under a path of its own, so that whoever holds the old checkpoint can still read
everything it commits to. All files must be durable before the new checkpoint is published.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evenhand.tlog.errors import RightEdgeError, TileError
from evenhand.tlog.merkle import Edge, leaf_hashes
from evenhand.tlog.tiles import (
    ENTRY_BYTES_MAX,
    TILE_WIDTH,
    TilePath,
    decode_bundle,
    decode_tile,
    edge_tiles,
    encode_bundle,
    encode_tile,
    tile_rows,
)

ReadTile = Callable[[str], bytes]
"""Gives the bytes of the tile or bundle at a path; how it fails is the caller's business."""


@dataclass(frozen=True, slots=True)
class TileFile:
    """One file to write: its path below the log's prefix, and its bytes."""

    path: str
    data: bytes


def read_edge_rows(*, size: int, read: ReadTile) -> dict[int, list[bytes]]:
    """Read the partial tiles of a tree: tile level to hashes. Levels without one are absent.

    Raises:
        TileError: A tile has the wrong length.

    """
    return {
        level: decode_tile(read(str(path)), path=path) for level, path in edge_tiles(size).items()
    }


def edge_of_rows(*, size: int, rows: dict[int, list[bytes]]) -> Edge:
    """Return the right edge of the tree whose partial tiles these are.

    The eight bits of the size that belong to a tile level say which subtrees inside its partial
    tile are complete, so the edge is what each partial tile contributes, highest level first.

    Raises:
        LogError: The rows do not fit the size.

    """
    hashes: list[bytes] = []
    for level in sorted(rows, reverse=True):
        hashes += Edge.EMPTY.extend(rows[level]).hashes
    return Edge(size=size, hashes=tuple(hashes))


def extend_tiles(
    *,
    old_size: int,
    new_size: int,
    entries: Sequence[bytes],
    read: ReadTile,
    old_root: bytes | None = None,
) -> Iterator[TileFile]:
    """Return the files of a tree that grew by ``entries``: bundles first, then tiles bottom up.

    ``read`` is asked, before anything is returned, for the partial tiles and the partial bundle of
    the old tree. They must agree with each other and, if ``old_root`` is given, with that root:
    damage on a disk is found here and not built upon.

    Raises:
        TileError: The sizes do not differ by the number of entries, an entry is too long, or the
            old tiles are malformed or contradict each other.
        RightEdgeError: The old tiles do not lead to ``old_root``.

    """
    if old_size < 0 or new_size - old_size != len(entries):
        raise TileError(f"{len(entries)} entries do not lead from size {old_size} to {new_size}")
    for position, entry in enumerate(entries, start=old_size):
        if len(entry) > ENTRY_BYTES_MAX:
            raise TileError(f"entry {position} has more than {ENTRY_BYTES_MAX} bytes")
    rows = read_edge_rows(size=old_size, read=read)
    if old_root is not None and edge_of_rows(size=old_size, rows=rows).root() != old_root:
        raise RightEdgeError(f"the partial tiles of size {old_size} do not hash to the old root")
    begun: list[bytes] = []
    if width := old_size % TILE_WIDTH:
        path = TilePath(level=None, number=old_size // TILE_WIDTH, width=width)
        begun = decode_bundle(read(str(path)), path=path)
        for position, (found, stored) in enumerate(
            zip(leaf_hashes(begun), rows[0], strict=True), start=old_size - width
        ):
            if found != stored:
                raise TileError(f"{path}: entry {position} is not the one in the tree")
    return _files(old_size=old_size, entries=entries, begun=begun, rows=rows)


def _files(
    *,
    old_size: int,
    entries: Sequence[bytes],
    begun: Sequence[bytes],
    rows: dict[int, list[bytes]],
) -> Iterator[TileFile]:
    bundle = [*begun, *entries] if entries else []
    for path, chunk in _chunks(bundle, level=None, first=old_size // TILE_WIDTH):
        yield TileFile(str(path), encode_bundle(chunk))
    level, count, fresh = 0, old_size, leaf_hashes(entries)
    while fresh:
        above: list[bytes] = []
        row = [*rows.get(level, ()), *fresh]
        for path, chunk in _chunks(row, level=level, first=count // TILE_WIDTH):
            yield TileFile(str(path), encode_tile(chunk))
            if len(chunk) == TILE_WIDTH:
                above += tile_rows(chunk)[-1]
        level, count, fresh = level + 1, count // TILE_WIDTH, above


def _chunks(
    row: Sequence[bytes], *, level: int | None, first: int
) -> Iterator[tuple[TilePath, Sequence[bytes]]]:
    for number, start in enumerate(range(0, len(row), TILE_WIDTH), start=first):
        chunk = row[start : start + TILE_WIDTH]
        yield TilePath(level=level, number=number, width=len(chunk)), chunk
