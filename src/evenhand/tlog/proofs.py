"""Inclusion and consistency proofs: making them from nodes, checking them from hashes alone.

Proofs are made as in RFC 6962 sections 2.1.1 and 2.1.2 from a function that gives the root of any
perfect subtree, and checked by the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2, which need
nothing but the proof.
"""

from collections.abc import Callable, Sequence

from evenhand.tlog.errors import ProofError
from evenhand.tlog.merkle import EMPTY_ROOT, HASH_BYTES, node_hash
from evenhand.tlog.text import SIZE_MAX

NodeReader = Callable[[int, int], bytes]
"""Gives the root of the perfect subtree of ``2**level`` leaves whose first leaf is
``index * 2**level``: called as ``node(level, index)``."""


def _split(size: int) -> int:
    """Return the greatest power of two that is less than ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_hash(*, start: int, end: int, node: NodeReader) -> bytes:
    """Return MTH(D[start:end]) for a range that a proof names: not empty, ``start`` aligned."""
    hashes: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(node(level, start >> level))
        start += 1 << level
    digest = hashes.pop()
    while hashes:
        digest = node_hash(hashes.pop(), digest)
    return digest


def tree_root(*, size: int, node: NodeReader) -> bytes:
    """Return the root hash of the first ``size`` leaves.

    Raises:
        ProofError: Not a tree size.

    """
    _check_size(size)
    return _range_hash(start=0, end=size, node=node) if size else EMPTY_ROOT


def inclusion_proof(*, index: int, size: int, node: NodeReader) -> tuple[bytes, ...]:
    """Return PATH(index, D[size]) of RFC 6962 section 2.1.1, the leaf's sibling first.

    Raises:
        ProofError: The tree has no such leaf.

    """
    _check_index(index=index, size=size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(start=middle, end=end, node=node))
            end = middle
        else:
            path.append(_range_hash(start=start, end=middle, node=node))
            start = middle
    return tuple(reversed(path))


def consistency_proof(*, old_size: int, new_size: int, node: NodeReader) -> tuple[bytes, ...]:
    """Return PROOF(old_size, D[new_size]) of RFC 6962 section 2.1.2.

    From an empty or equal tree the proof is empty.

    Raises:
        ProofError: The old tree is greater than the new one, or a size is impossible.

    """
    _check_sizes(old_size=old_size, new_size=new_size)
    path: list[bytes] = []
    if old_size == 0:
        return ()
    start, end = 0, new_size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_range_hash(start=middle, end=end, node=node))
            end = middle
        else:
            path.append(_range_hash(start=start, end=middle, node=node))
            start = middle
    if start:
        # The old tree is not itself a subtree of the new one, so its last part must be given.
        path.append(_range_hash(start=start, end=end, node=node))
    return tuple(reversed(path))


def verify_inclusion(
    *, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is in the tree of ``size`` leaves with this root (RFC 9162 2.1.3.2).

    Raises:
        ProofError: It is not proved.

    """
    _check_index(index=index, size=size)
    _check_hashes([leaf_hash, root, *proof])
    what = f"the inclusion proof of leaf {index} in a tree of {size}"
    sides = _sides(node=index, last=size - 1, count=len(proof), what=what)
    digest = leaf_hash
    for sibling, is_left in zip(proof, sides, strict=True):
        digest = node_hash(sibling, digest) if is_left else node_hash(digest, sibling)
    if digest != root:
        raise ProofError(
            f"the inclusion proof of leaf {index} does not lead to the root of size {size}"
        )


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the new tree begins with the leaves of the old one (RFC 9162 2.1.4.2).

    An empty tree is consistent with every tree and an equal one only with itself; both have empty
    proofs (RFC 6962 section 2.1.2 defines none for an empty tree).

    Raises:
        ProofError: It is not proved.

    """
    _check_sizes(old_size=old_size, new_size=new_size)
    _check_hashes([old_root, new_root, *proof])
    what = f"the consistency proof from size {old_size} to {new_size}"
    if old_size in {0, new_size}:
        if proof:
            raise ProofError(f"{what} must be empty")
        if old_root != (EMPTY_ROOT if old_size == 0 else new_root):
            raise ProofError(f"{what} does not hold: the roots contradict each other")
        return
    # A perfect old tree is itself a node of the new one; the proof leaves it out.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        raise ProofError(f"{what} is too short")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_digest = new_digest = path[0]
    sides = _sides(node=node, last=last, count=len(path) - 1, what=what)
    for sibling, is_left in zip(path[1:], sides, strict=True):
        if is_left:
            old_digest = node_hash(sibling, old_digest)
            new_digest = node_hash(sibling, new_digest)
        else:
            new_digest = node_hash(new_digest, sibling)
    if old_digest != old_root or new_digest != new_root:
        side = "old" if old_digest != old_root else "new"
        raise ProofError(f"{what} does not lead to the {side} root")


def _sides(*, node: int, last: int, count: int, what: str) -> list[bool]:
    """Climb from a node to the root; say of each sibling met whether it stands on the left.

    Nodes on the right edge without a sibling are passed over (the inner loop of RFC 9162).
    """
    sides: list[bool] = []
    for _ in range(count):
        if last == 0:
            raise ProofError(f"{what} is too long")
        is_left = bool(node & 1) or node == last
        if is_left:
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        sides.append(is_left)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError(f"{what} is too short")
    return sides


def _check_size(size: int) -> None:
    if not 0 <= size <= SIZE_MAX:
        raise ProofError(f"{size} is not a tree size")


def _check_sizes(*, old_size: int, new_size: int) -> None:
    _check_size(new_size)
    if not 0 <= old_size <= new_size:
        raise ProofError(f"a tree of {new_size} leaves does not extend one of {old_size}")


def _check_index(*, index: int, size: int) -> None:
    _check_size(size)
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise ProofError(f"a hash of the proof has not {HASH_BYTES} bytes")
