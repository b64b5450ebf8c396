"""Growing and reading, against the naive tree; the file covers growth.py and tree.py."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tlog import naive

from evenhand.tlog import (
    ENTRY_BYTES_MAX,
    Edge,
    ProofError,
    RightEdgeError,
    TileError,
    TileTree,
    extend_tiles,
    leaf_hashes,
)

ENTRIES = [b"entry %d" % i for i in range(66_600)]


def grow(
    store: dict[str, bytes], *, old_size: int, new_size: int, old_root: bytes | None = None
) -> None:
    files = extend_tiles(
        old_size=old_size,
        new_size=new_size,
        entries=ENTRIES[old_size:new_size],
        read=store.__getitem__,
        old_root=old_root,
    )
    store.update((file.path, file.data) for file in files)


def published(*sizes: int) -> dict[str, bytes]:
    store: dict[str, bytes] = {}
    for old_size, new_size in pairwise([0, *sizes]):
        grow(store, old_size=old_size, new_size=new_size, old_root=naive.root(ENTRIES[:old_size]))
    return store


def view(store: dict[str, bytes], size: int, tiles_kept: int = 256) -> TileTree:
    root = Edge.EMPTY.extend(leaf_hashes(ENTRIES[:size])).root()
    return TileTree(size=size, root=root, read=store.__getitem__, tiles_kept=tiles_kept)


BIG = published(66_600)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=5).map(sorted))
def test_growing_in_steps_leaves_every_size_readable(sizes: list[int]) -> None:
    store = published(*sizes)
    for size in sizes:
        assert view(store, size).edge.root() == naive.root(ENTRIES[:size])
    at_once = published(sizes[-1])
    assert {path: store[path] for path in at_once} == at_once


@settings(deadline=None)
@given(st.integers(1, 2000), st.data())
def test_proofs_for_any_index_and_size(size: int, data: st.DataObject) -> None:
    tree = view(published(2000), 2000)
    index = data.draw(st.integers(0, size - 1))
    old_size = data.draw(st.integers(1, size))
    entries = ENTRIES[:size]
    assert tree.root(size) == naive.root(entries)
    assert list(tree.inclusion_proof(index=index, size=size)) == naive.path(index, entries)
    proof = tree.consistency_proof(old_size=old_size, new_size=size)
    assert list(proof) == naive.proof(old_size, entries)


def test_three_levels_and_a_small_memory() -> None:
    # 66,600 entries: 260 full tiles of leaves, one full tile above, a root tile above that.
    tree = view(BIG, 66_600, tiles_kept=1)
    for index in (0, 255, 256, 65_535, 65_536, 66_599):
        proof = tree.inclusion_proof(index=index, size=66_600)
        assert list(proof) == naive.path(index, ENTRIES)
    assert tree.root(65_537) == naive.root(ENTRIES[:65_537])


def test_tiles_are_read_once_while_they_are_kept() -> None:
    asked: list[str] = []

    def read(path: str) -> bytes:
        asked.append(path)
        return BIG[path]

    tree = TileTree(size=66_600, root=view(BIG, 66_600).edge.root(), read=read)
    for index in range(256):
        tree.inclusion_proof(index=index, size=66_600)
    assert len(asked) == len(set(asked))


@settings(deadline=None, max_examples=50)
@given(st.sampled_from([700, 2000]), st.data())
def test_a_flipped_bit_in_any_tile_is_found(size: int, data: st.DataObject) -> None:
    store = published(size)
    tiles = [path for path in store if "entries" not in path]
    path = data.draw(st.sampled_from(tiles))
    broken = bytearray(store[path])
    bit = data.draw(st.integers(0, 8 * len(broken) - 1))
    broken[bit // 8] ^= 1 << bit % 8
    store[path] = bytes(broken)
    with pytest.raises(RightEdgeError if ".p/" in path else TileError, match=".p|" + path):
        view(store, size).hashes(level=0, number=int(path.split("/")[2][:3]))


def test_a_broken_old_tile_is_not_built_upon() -> None:
    root = naive.root(ENTRIES[:300])
    store = published(300)
    good = dict(store)
    store["tile/0/001.p/44"] = bytes(44 * 32)
    with pytest.raises(RightEdgeError, match="do not hash to the old root"):
        grow(store, old_size=300, new_size=310, old_root=root)
    store = {**good, "tile/entries/001.p/44": good["tile/entries/001.p/44"].replace(b"299", b"298")}
    with pytest.raises(TileError, match=r"tile/entries/001.p/44: entry 299 is not the one"):
        grow(store, old_size=300, new_size=310)


def test_what_cannot_be_appended() -> None:
    for old_size, new_size in ((0, 1), (-1, 0), (5, 4)):
        with pytest.raises(TileError, match="do not lead from size"):
            extend_tiles(old_size=old_size, new_size=new_size, entries=[], read={}.__getitem__)
    with pytest.raises(TileError, match="entry 0 has more than"):
        extend_tiles(
            old_size=0, new_size=1, entries=[b"x" * (ENTRY_BYTES_MAX + 1)], read={}.__getitem__
        )
    store = published(300)
    assert not list(extend_tiles(old_size=300, new_size=300, entries=[], read=store.__getitem__))


def test_what_the_tree_does_not_have() -> None:
    tree = view(published(300), 300)
    for level, index in ((0, 300), (1, 150), (9, 0), (-1, 0), (0, -1)):
        with pytest.raises(ProofError, match="no node"):
            tree.node(level, index)
    for level, number in ((0, 2), (1, 1), (2, 0), (0, -1)):
        with pytest.raises(TileError, match="no tile"):
            tree.hashes(level=level, number=number)
    with pytest.raises(ProofError, match="no part of 301"):
        tree.root(301)
    with pytest.raises(ProofError):
        tree.inclusion_proof(index=0, size=301)
    with pytest.raises(ProofError):
        tree.consistency_proof(old_size=1, new_size=301)


def test_the_empty_tree() -> None:
    tree = view({}, 0)
    assert tree.root(0) == naive.root([])
    with pytest.raises(ProofError):
        tree.inclusion_proof(index=0, size=0)
