"""Reading a published log without trusting where it is stored.

A tree of known size and root is read tile by tile. The partial tiles at the right edge are checked
together against the root, every full tile against its hash in the tile above, which has been
checked in the same way; so no hash is used that the root does not vouch for::

    root ── partial tiles of all levels ── full tiles of the level below ── ...
"""

from collections import OrderedDict
from collections.abc import Sequence

from evenhand.tlog import proofs
from evenhand.tlog.errors import ProofError, RightEdgeError, TileError
from evenhand.tlog.growth import ReadTile, edge_of_rows, read_edge_rows
from evenhand.tlog.merkle import Edge
from evenhand.tlog.tiles import TILE_WIDTH, TilePath, decode_tile, tile_rows, tile_width

_TILE_HEIGHT = 8
"""Levels of the tree that one tile spans."""

_Rows = list[Sequence[bytes]]


class TileTree:
    """A verified view of the tree of ``size`` leaves with this root.

    Proofs can be had for every tree up to ``size``, since a smaller tree consists of subtrees of
    the greater one. Not safe for use by several threads. Up to ``tiles_kept`` full tiles (about
    40 kB each) stay in memory beside the right edge.

    Raises:
        RightEdgeError: The partial tiles do not hash to the root.
        TileError: A tile has the wrong length.

    """

    def __init__(
        self, *, size: int, root: bytes, read: ReadTile, tiles_kept: int = TILE_WIDTH
    ) -> None:
        rows = read_edge_rows(size=size, read=read)
        self._edge = edge_of_rows(size=size, rows=rows)
        if self._edge.root() != root:
            raise RightEdgeError(f"the partial tiles of size {size} do not hash to the root")
        self._size = size
        self._read = read
        self._tiles_kept = tiles_kept
        self._partial = {level: tile_rows(hashes) for level, hashes in rows.items()}
        self._full: OrderedDict[tuple[int, int], _Rows] = OrderedDict()

    @property
    def edge(self) -> Edge:
        """The right edge: enough to append to this tree."""
        return self._edge

    def hashes(self, *, level: int, number: int) -> Sequence[bytes]:
        """Return the verified hashes of a tile, as wide as this tree makes it.

        Raises:
            TileError: The tree has no such tile, or the tile is not the one in the tree.

        """
        return self._rows(level, number)[0]

    def node(self, level: int, index: int) -> bytes:
        """Return the root of the perfect subtree of leaves ``[index << level, + 1 << level)``.

        Raises:
            ProofError: The tree has no such subtree.
            TileError: A tile on the way is not the one in the tree.

        """
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise ProofError(f"a tree of {self._size} leaves has no node {index} at level {level}")
        tile_level, height = divmod(level, _TILE_HEIGHT)
        number, position = divmod(index, TILE_WIDTH >> height)
        return self._rows(tile_level, number)[height][position]

    def root(self, size: int) -> bytes:
        """Return the root of the first ``size`` leaves.

        Raises:
            ProofError: The tree is smaller.
            TileError: As ``node``.

        """
        return proofs.tree_root(size=self._within(size), node=self.node)

    def inclusion_proof(self, *, index: int, size: int) -> tuple[bytes, ...]:
        """Prove that leaf ``index`` is in the tree of the first ``size`` leaves.

        Raises:
            ProofError: There is no such leaf or tree.
            TileError: As ``node``.

        """
        return proofs.inclusion_proof(index=index, size=self._within(size), node=self.node)

    def consistency_proof(self, *, old_size: int, new_size: int) -> tuple[bytes, ...]:
        """Prove that the tree of ``new_size`` leaves begins with the one of ``old_size``.

        Raises:
            ProofError: There are no such trees.
            TileError: As ``node``.

        """
        new_size = self._within(new_size)
        return proofs.consistency_proof(old_size=old_size, new_size=new_size, node=self.node)

    def _within(self, size: int) -> int:
        if size > self._size:
            raise ProofError(f"a tree of {self._size} leaves has no part of {size}")
        return size

    def _rows(self, level: int, number: int) -> _Rows:
        width = tile_width(level=level, number=number, size=self._size)
        if number < 0 or not width:
            raise TileError(f"a tree of {self._size} leaves has no tile {number} at level {level}")
        if width < TILE_WIDTH:
            return self._partial[level]
        key = (level, number)
        if (kept := self._full.get(key)) is not None:
            self._full.move_to_end(key)
            return kept
        path = TilePath(level=level, number=number)
        rows = tile_rows(decode_tile(self._read(str(path)), path=path))
        parent, position = divmod(number, TILE_WIDTH)
        if rows[-1][0] != self._rows(level + 1, parent)[0][position]:
            raise TileError(f"{path}: the tile is not the one in the tree")
        self._full[key] = rows
        if len(self._full) > self._tiles_kept:
            self._full.popitem(last=False)
        return rows
