from collections.abc import Callable
from pathlib import Path

import pytest
from tests.verify.logs import LOG, checkpoint, entries, entry, receipt, write_log

from evenhand.receipts import render_receipt
from evenhand.tlog import Signer, Verifier
from evenhand.verify import (
    UnreachableError,
    VerificationError,
    WrongUseError,
    find_known_key,
    verify_receipt,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_log(tmp_path / "log", entries(300))
    path = tmp_path / "a.tlog-proof"
    path.write_bytes(receipt(tmp_path / "log", entries(300), 299))
    return path


def test_a_receipt(file: Path) -> None:
    report = verify_receipt(file, LOG.verifier)
    assert (report.origin, report.index, report.size) == ("log.example/w", 299, 300)
    assert (report.entry, report.kind) == (entry(299), "payload.released/1")
    assert report.at == "2026-11-24T00:00:00.299000+00:00"
    assert len(report.proved) == 3
    assert not any("unknown" in sentence for sentence in report.not_proved)


def test_a_kind_without_a_meaning(tmp_path: Path) -> None:
    leaf = entry(0, "wall.moved/7")
    file = tmp_path / "a.tlog-proof"
    file.write_bytes(render_receipt(entry=leaf, index=0, path=[], checkpoint=checkpoint([leaf])))
    report = verify_receipt(file, LOG.verifier)
    assert any("wall.moved/7" in sentence for sentence in report.not_proved)


def test_a_changed_receipt_names_its_line(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data.replace(b"index 299", b"index 0299"))
    with pytest.raises(VerificationError, match=r"a.tlog-proof: line 3"):
        verify_receipt(file, LOG.verifier)


def test_no_receipt(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="does not exist"):
        verify_receipt(tmp_path / "none", LOG.verifier)
    with pytest.raises(UnreachableError, match="is not a file"):
        verify_receipt(tmp_path, LOG.verifier)
    (tmp_path / "long").write_bytes(b"x" * 2_000_000)
    with pytest.raises(UnreachableError, match="longer than"):
        verify_receipt(tmp_path / "long", LOG.verifier)


def test_known_keys(tmp_path: Path, file: Path) -> None:
    known = tmp_path / "known-logs"

    def find(origin: str = "log.example/w") -> Verifier:
        return find_known_key(known, origin=origin)

    with pytest.raises(WrongUseError, match=r"no key is known for the log 'log.example/w'"):
        find()
    known.mkdir()
    other = Signer(name="other.example", seed=bytes(32)).verifier
    (known / "other.vkey").write_text(other.vkey + "\n")
    (known / "w.vkey").write_text(LOG.verifier.vkey)
    (known / "w again.vkey").write_text(LOG.verifier.vkey + "\n")
    assert find() == LOG.verifier
    assert find("other.example") == other
    assert verify_receipt(file, find_by_origin(known)).vkey == LOG.verifier.vkey
    twin = Signer(name="log.example/w", seed=bytes(32)).verifier
    (known / "twin.vkey").write_text(twin.vkey)
    with pytest.raises(VerificationError, match="two different keys"):
        find()
    (known / "bad.vkey").write_bytes(b"\xff")
    with pytest.raises(UnreachableError, match=r"bad.vkey is not a verifier key"):
        find()


def find_by_origin(known: Path) -> Callable[[str], Verifier]:
    return lambda origin: find_known_key(known, origin=origin)
