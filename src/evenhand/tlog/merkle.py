"""The Merkle tree of RFC 6962 section 2.1, and its compact right edge.

A leaf hashes with a leading 0x00 and a node with a leading 0x01, so that no node can pass for a
leaf. A tree of *n* leaves splits at the greatest power of two below *n*; it is therefore a row of
perfect subtrees, one per set bit of *n*, greatest first. Those subtrees' roots are the *edge*: all
that a log needs in order to append and to compute its root, however long its history::

    n = 13 = 0b1101          edge = (h8, h4, h1)
    [ 0 1 2 3 4 5 6 7 ][ 8 9 10 11 ][ 12 ]      root = H(h8, H(h4, h1))
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Self

from evenhand.tlog.errors import LogError
from evenhand.tlog.text import SIZE_MAX

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962 section 2.1)."""

_SIZE_BYTES = 8


def leaf_hash(entry: bytes) -> bytes:
    """Return ``SHA-256(0x00 || entry)``."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry, in order."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return ``SHA-256(0x01 || left || right)``."""
    return sha256(b"\x01" + left + right).digest()


def parent_hashes(row: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours in pairs; a last one without neighbour is left out."""
    pairs = zip(row[::2], row[1::2], strict=False)
    return [sha256(b"\x01" + left + right).digest() for left, right in pairs]


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: its size and one hash per set bit of it, greatest subtree first.

    Raises:
        LogError: The number or length of the hashes does not fit the size.

    """

    size: int
    hashes: tuple[bytes, ...]

    EMPTY: ClassVar["Edge"]

    def __post_init__(self) -> None:
        """Refuse an edge that no tree has."""
        if not 0 <= self.size <= SIZE_MAX:
            raise LogError(f"{self.size} is not a tree size")
        if len(self.hashes) != self.size.bit_count():
            raise LogError(f"an edge of size {self.size} has {self.size.bit_count()} hashes")
        _check_hashes(self.hashes)

    def extend(self, leaf_hashes: Sequence[bytes]) -> "Edge":
        """Append leaves, given by their hashes.

        The new leaves are folded level by level. At each level the old subtree of that height, if
        there is one, is their left neighbour; whatever stays without a right neighbour is part of
        the new edge.

        Raises:
            LogError: A hash has not 32 bytes, or the tree would become too large.

        """
        _check_hashes(leaf_hashes)
        old = list(self.hashes)
        new: list[bytes] = []
        row: Sequence[bytes] = leaf_hashes
        complete = self.size
        while row or old:
            if complete & 1:
                row = [old.pop(), *row]
            if len(row) & 1:
                new.append(row[-1])
            row = parent_hashes(row)
            complete >>= 1
        return Edge(size=self.size + len(leaf_hashes), hashes=tuple(reversed(new)))

    def root(self) -> bytes:
        """Return the root hash of the tree (RFC 6962 section 2.1)."""
        if not self.hashes:
            return EMPTY_ROOT
        *rest, root = self.hashes
        while rest:
            root = node_hash(rest.pop(), root)
        return root

    def to_bytes(self) -> bytes:
        """Return the size as 8 big-endian bytes, then the hashes."""
        return self.size.to_bytes(_SIZE_BYTES) + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what ``to_bytes`` wrote.

        Raises:
            LogError: Not exactly one edge.

        """
        hashes = tuple(split_hashes(data[_SIZE_BYTES:]))
        return cls(size=int.from_bytes(data[:_SIZE_BYTES]), hashes=hashes)


def split_hashes(data: bytes) -> list[bytes]:
    """Cut a sequence of hashes; a remainder becomes a last, shorter one."""
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for position, digest in enumerate(hashes):
        if len(digest) != HASH_BYTES:
            raise LogError(f"hash {position} has {len(digest)} bytes, not {HASH_BYTES}")


Edge.EMPTY = Edge(size=0, hashes=())
