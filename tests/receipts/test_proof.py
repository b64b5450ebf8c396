import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.receipts.test_leaf import LEAF
from tests.tlog import naive

from evenhand.receipts import (
    Proof,
    ReceiptError,
    open_receipt,
    parse_proof,
    render_proof,
    render_receipt,
    unsafe_receipt_origin,
    verify_proof,
)
from evenhand.tlog import (
    SIZE_MAX,
    Checkpoint,
    Signer,
    inclusion_proof,
    render_base64,
    sign_checkpoint,
)

LOG = Signer(name="log.example/w", seed=b"l" * 32)
ENTRIES = [*(b"entry %d" % i for i in range(20)), LEAF.render(), b"last"]
NOTE = sign_checkpoint(
    Checkpoint(origin="log.example/w", size=22, root=naive.root(ENTRIES)), signers=[LOG]
)
PATH = tuple(naive.path(20, ENTRIES))
RECEIPT = render_receipt(entry=ENTRIES[20], index=20, path=PATH, checkpoint=NOTE)
PROOFS = st.builds(
    Proof,
    index=st.integers(0, SIZE_MAX),
    path=st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    checkpoint=st.binary(max_size=50),
    extra=st.none() | st.binary(min_size=1, max_size=50),
)


@settings(deadline=None)
@given(PROOFS)
def test_proof_comes_back(proof: Proof) -> None:
    data = render_proof(proof)
    assert parse_proof(data) == proof
    assert render_proof(parse_proof(data)) == data


def test_the_file_is_a_tlog_proof() -> None:
    lines = RECEIPT.decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "extra " + render_base64(ENTRIES[20])
    assert lines[2] == "index 20"
    assert lines[3 : 3 + len(PATH)] == [render_base64(digest) for digest in PATH]
    assert lines[3 + len(PATH)] == ""
    assert "\n".join(lines[4 + len(PATH) :]).encode() == NOTE


def test_a_receipt_proves_its_leaf() -> None:
    receipt = open_receipt(RECEIPT, log=LOG.verifier)
    assert receipt.leaf == LEAF
    assert (receipt.entry, receipt.index) == (ENTRIES[20], 20)
    assert receipt.signed.note == NOTE
    assert unsafe_receipt_origin(RECEIPT) == "log.example/w"


def test_a_proof_without_extra_needs_the_entry() -> None:
    proof = parse_proof(render_proof(replace(parse_proof(RECEIPT), extra=None)))
    assert verify_proof(proof, entry=ENTRIES[20], log=LOG.verifier).checkpoint.size == 22
    with pytest.raises(ReceiptError, match="does not lead to the root"):
        verify_proof(proof, entry=ENTRIES[19], log=LOG.verifier)
    with pytest.raises(ReceiptError, match="does not carry its entry"):
        open_receipt(render_proof(proof), log=LOG.verifier)


@settings(deadline=None)
@given(st.integers(0, 8 * len(RECEIPT) - 1))
def test_every_flipped_bit_is_refused(bit: int) -> None:
    data = bytearray(RECEIPT)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ReceiptError):
        open_receipt(bytes(data), log=LOG.verifier)


def test_another_key_is_refused() -> None:
    other = Signer(name="log.example/w", seed=b"o" * 32)
    with pytest.raises(ReceiptError, match="no signature of a known key"):
        open_receipt(RECEIPT, log=other.verifier)


def test_an_entry_that_is_no_leaf_is_refused() -> None:
    receipt = render_receipt(entry=b"last", index=21, path=naive.path(21, ENTRIES), checkpoint=NOTE)
    with pytest.raises(ReceiptError, match="line 2: the entry is in the log but is no leaf"):
        open_receipt(receipt, log=LOG.verifier)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "line 1"),
        (b"c2sp.org/tlog-proof@v2\nindex 0\n\nx", "line 1"),
        (b"c2sp.org/tlog-proof@v1\nindex 0\n", "no checkpoint"),
        (b"c2sp.org/tlog-proof@v1\n\nx", "line 2 is not the index"),
        (b"c2sp.org/tlog-proof@v1\nextra eA==\n\nx", "line 3 is not the index"),
        (b"c2sp.org/tlog-proof@v1\nextra eA=\nindex 0\n\nx", "line 2 is not standard base64"),
        (b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nx", "empty must be left out"),
        (b"c2sp.org/tlog-proof@v1\nindex 00\n\nx", "line 2 is not a decimal"),
        (b"c2sp.org/tlog-proof@v1\nindex 0\neA=\n\nx", "line 3 is not standard base64"),
        (b"c2sp.org/tlog-proof@v1\nindex 0\neA==\n\nx", "hashes of 32 bytes"),
        (b"c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\nx", "line 1"),
        ("c2sp.org/tlog-proof@v1\nindex \u0660\n\nx".encode(), "not ASCII"),
        (b"x" * 1_200_000, "longer than"),
    ],
)
def test_malformed_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ReceiptError, match=message):
        parse_proof(data)


@pytest.mark.parametrize(
    "change", [{"index": -1}, {"index": SIZE_MAX + 1}, {"path": (b"",)}, {"path": PATH * 64}]
)
def test_proofs_that_have_no_rendering(change: dict[str, Any]) -> None:
    with pytest.raises(ReceiptError):
        replace(parse_proof(RECEIPT), **change)


def test_an_origin_that_cannot_be_read() -> None:
    proof = Proof(index=0, path=(), checkpoint=b"nothing")
    with pytest.raises(ReceiptError):
        unsafe_receipt_origin(render_proof(proof))


NODE_PROGRAM = Path(__file__).with_name("verify_with_node.mjs")


def run_node(tmp_path: Path, receipt: bytes, vkey: str) -> subprocess.CompletedProcess[str]:
    """Let a program that shares no line with ours verify a receipt."""
    node = which("node")
    assert node is not None, "install Node.js (Debian: apt install nodejs) to run this test"
    file = tmp_path / "a.tlog-proof"
    file.write_bytes(receipt)
    return subprocess.run(
        [node, str(NODE_PROGRAM), str(file), vkey],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_node_accepts_our_receipts(tmp_path: Path) -> None:
    done = run_node(tmp_path, RECEIPT, LOG.verifier.vkey)
    assert (done.returncode, done.stdout) == (0, f"20 22 {ENTRIES[20].decode()}\n"), done.stderr


@pytest.mark.parametrize("line", [1, 2, 3, -4, -2])
def test_node_refuses_tampered_receipts(tmp_path: Path, line: int) -> None:
    lines = RECEIPT.split(b"\n")
    swap = {b"0": b"1", b"A": b"B"}
    at = next(i for i in range(len(lines[line]) - 4, -1, -1) if lines[line][i : i + 1].isalnum())
    if line == 2:
        at = len(lines[line]) - 1
    old = lines[line][at : at + 1]
    new = swap.get(old, b"A" if line != 2 else b"1")
    lines[line] = lines[line][:at] + new + lines[line][at + 1 :]
    done = run_node(tmp_path, b"\n".join(lines), LOG.verifier.vkey)
    assert done.returncode == 1, done.stdout


def test_inclusion_proof_is_the_one_in_the_receipt() -> None:
    def node(level: int, index: int) -> bytes:
        return naive.root(ENTRIES[index << level : (index + 1) << level])

    assert inclusion_proof(index=20, size=22, node=node) == PATH
