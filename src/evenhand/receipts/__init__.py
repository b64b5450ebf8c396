"""Log entries and the receipts that prove them, as a library without I/O. See README.md."""

from evenhand.receipts.errors import LeafError, ReceiptError
from evenhand.receipts.kinds import KINDS
from evenhand.receipts.leaf import (
    Leaf,
    blind,
    commit,
    merkle_root,
    open_details,
    parse_leaf,
    seal_leaf,
)
from evenhand.receipts.proof import (
    PROOF_BYTES_MAX,
    Proof,
    Receipt,
    open_receipt,
    parse_proof,
    render_proof,
    render_receipt,
    unsafe_receipt_origin,
    verify_proof,
)

__all__ = [
    "KINDS",
    "PROOF_BYTES_MAX",
    "Leaf",
    "LeafError",
    "Proof",
    "Receipt",
    "ReceiptError",
    "blind",
    "commit",
    "merkle_root",
    "open_details",
    "open_receipt",
    "parse_leaf",
    "parse_proof",
    "render_proof",
    "render_receipt",
    "seal_leaf",
    "unsafe_receipt_origin",
    "verify_proof",
]
