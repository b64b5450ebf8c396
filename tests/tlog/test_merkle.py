from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tlog import naive

from evenhand.tlog import EMPTY_ROOT, SIZE_MAX, Edge, LogError, leaf_hash, leaf_hashes, node_hash

ENTRIES = [b"entry %d" % i for i in range(2000)]


def test_known_hashes() -> None:
    # The leaf hash of the empty string and the root of the eight inputs that implementations of
    # Certificate Transparency have tested against since RFC 6962.
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (
        leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    inputs.append("606162636465666768696a6b6c6d6e6f")
    edge = Edge.EMPTY.extend(leaf_hashes(bytes.fromhex(text) for text in inputs))
    assert edge.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@settings(deadline=None)
@given(st.integers(0, 2000))
def test_root_is_the_defined_one(size: int) -> None:
    edge = Edge.EMPTY.extend(leaf_hashes(ENTRIES[:size]))
    assert edge.size == size
    assert edge.root() == naive.root(ENTRIES[:size])


@settings(deadline=None)
@given(st.lists(st.integers(0, 2000), max_size=6))
def test_appending_in_pieces_changes_nothing(cuts: list[int]) -> None:
    edge = Edge.EMPTY
    for start, end in pairwise([0, *sorted(cuts), 2000]):
        edge = edge.extend(leaf_hashes(ENTRIES[start:end]))
    assert edge == Edge.EMPTY.extend(leaf_hashes(ENTRIES))


@settings(deadline=None)
@given(st.integers(0, 2000))
def test_bytes_come_back(size: int) -> None:
    edge = Edge.EMPTY.extend(leaf_hashes(ENTRIES[:size]))
    data = edge.to_bytes()
    assert Edge.from_bytes(data) == edge
    assert Edge.from_bytes(data).to_bytes() == data


@pytest.mark.parametrize("size", [-1, SIZE_MAX + 1])
def test_impossible_sizes_are_refused(size: int) -> None:
    with pytest.raises(LogError, match="not a tree size"):
        Edge(size=size, hashes=())


def test_hashes_must_fit_the_size() -> None:
    with pytest.raises(LogError, match="has 2 hashes"):
        Edge(size=3, hashes=(EMPTY_ROOT,))
    with pytest.raises(LogError, match="hash 1 has 31 bytes"):
        Edge(size=3, hashes=(EMPTY_ROOT, EMPTY_ROOT[1:]))
    with pytest.raises(LogError, match="hash 0 has 33 bytes"):
        Edge.EMPTY.extend([EMPTY_ROOT + b"x"])
    with pytest.raises(LogError):
        Edge.from_bytes(Edge.EMPTY.extend([EMPTY_ROOT]).to_bytes() + b"x")


def test_a_node_is_no_leaf() -> None:
    assert node_hash(EMPTY_ROOT, EMPTY_ROOT) != leaf_hash(EMPTY_ROOT + EMPTY_ROOT)
