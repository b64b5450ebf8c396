from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tlog import naive

from evenhand.tlog import (
    EMPTY_ROOT,
    SIZE_MAX,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

ENTRIES = [b"entry %d" % i for i in range(2000)]
SIZES = st.integers(1, 2000)
BIT = st.integers(0, 255)


def node(level: int, index: int) -> bytes:
    return naive.root(ENTRIES[index << level : (index + 1) << level])


def flip(digest: bytes, bit: int) -> bytes:
    return (int.from_bytes(digest) ^ (1 << bit)).to_bytes(len(digest))


@settings(deadline=None)
@given(st.integers(0, 2000))
def test_root(size: int) -> None:
    assert tree_root(size=size, node=node) == naive.root(ENTRIES[:size])


@settings(deadline=None)
@given(SIZES, st.data())
def test_inclusion_of_any_leaf(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index=index, size=size, node=node)
    assert list(proof) == naive.path(index, ENTRIES[:size])
    claim: dict[str, Any] = {
        "leaf_hash": leaf_hash(ENTRIES[index]),
        "index": index,
        "size": size,
        "proof": proof,
        "root": naive.root(ENTRIES[:size]),
    }
    verify_inclusion(**claim)

    def refused(**change: Any) -> None:
        with pytest.raises(ProofError):
            verify_inclusion(**{**claim, **change})

    bit = data.draw(BIT)
    refused(leaf_hash=flip(claim["leaf_hash"], bit))
    refused(root=flip(claim["root"], bit))
    refused(proof=[*proof, EMPTY_ROOT])
    refused(index=size)
    refused(index=-1)
    if proof:
        refused(proof=proof[:-1])
        at = data.draw(st.integers(0, len(proof) - 1))
        refused(proof=[*proof[:at], flip(proof[at], bit), *proof[at + 1 :]])
        refused(proof=[*proof[:at], proof[at][1:], *proof[at + 1 :]])
        other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
        refused(index=other)


@settings(deadline=None)
@given(SIZES, st.data())
def test_consistency_of_any_two_trees(new_size: int, data: st.DataObject) -> None:
    old_size = data.draw(st.integers(1, new_size))
    proof = consistency_proof(old_size=old_size, new_size=new_size, node=node)
    assert list(proof) == naive.proof(old_size, ENTRIES[:new_size])
    claim: dict[str, Any] = {
        "old_size": old_size,
        "new_size": new_size,
        "old_root": naive.root(ENTRIES[:old_size]),
        "new_root": naive.root(ENTRIES[:new_size]),
        "proof": proof,
    }
    verify_consistency(**claim)

    def refused(**change: Any) -> None:
        with pytest.raises(ProofError):
            verify_consistency(**{**claim, **change})

    bit = data.draw(BIT)
    refused(old_root=flip(claim["old_root"], bit))
    refused(new_root=flip(claim["new_root"], bit))
    refused(proof=[*proof, EMPTY_ROOT])
    refused(old_size=new_size + 1)
    if proof:
        refused(proof=proof[:-1])
        refused(proof=())
        at = data.draw(st.integers(0, len(proof) - 1))
        refused(proof=[*proof[:at], flip(proof[at], bit), *proof[at + 1 :]])


def test_the_empty_tree_begins_every_tree() -> None:
    root = naive.root(ENTRIES[:5])
    assert consistency_proof(old_size=0, new_size=5, node=node) == ()
    verify_consistency(old_size=0, new_size=5, old_root=EMPTY_ROOT, new_root=root, proof=[])
    verify_consistency(old_size=0, new_size=0, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
    with pytest.raises(ProofError, match="contradict"):
        verify_consistency(old_size=0, new_size=5, old_root=root, new_root=root, proof=[])


@pytest.mark.parametrize(
    "ask",
    [
        lambda: tree_root(size=-1, node=node),
        lambda: inclusion_proof(index=0, size=0, node=node),
        lambda: inclusion_proof(index=5, size=5, node=node),
        lambda: inclusion_proof(index=-1, size=5, node=node),
        lambda: inclusion_proof(index=0, size=SIZE_MAX + 1, node=node),
        lambda: consistency_proof(old_size=6, new_size=5, node=node),
        lambda: consistency_proof(old_size=-1, new_size=5, node=node),
    ],
)
def test_what_does_not_exist_is_not_proved(ask: Callable[[], object]) -> None:
    with pytest.raises(ProofError):
        ask()


def test_a_node_cannot_pass_for_a_leaf() -> None:
    # An inner node and the rest of its path lead to the root; only the number of steps gives it
    # away.
    root = naive.root(ENTRIES[:8])
    inner, *rest = naive.root(ENTRIES[:2]), *naive.path(0, ENTRIES[:8])[1:]
    with pytest.raises(ProofError, match="too short"):
        verify_inclusion(leaf_hash=inner, index=0, size=8, proof=rest, root=root)
    with pytest.raises(ProofError, match="too short"):
        verify_inclusion(leaf_hash=root, index=0, size=8, proof=[], root=root)
    # The other way round, a leaf with its sibling is no tree of one leaf.
    proof = naive.path(0, ENTRIES[:2])
    leaf = leaf_hash(ENTRIES[0])
    with pytest.raises(ProofError, match="too long"):
        verify_inclusion(leaf_hash=leaf, index=0, size=1, proof=proof, root=naive.root(ENTRIES[:2]))


def test_a_consistency_proof_has_its_length() -> None:
    old_root, new_root = naive.root(ENTRIES[:4]), naive.root(ENTRIES[:8])
    claim: dict[str, Any] = {"old_root": old_root, "new_root": new_root}
    proof = naive.proof(4, ENTRIES[:8])
    with pytest.raises(ProofError, match="too short"):
        verify_consistency(old_size=4, new_size=16, proof=proof, **claim)
    with pytest.raises(ProofError, match="too long"):
        verify_consistency(old_size=4, new_size=8, proof=[*proof, EMPTY_ROOT], **claim)
