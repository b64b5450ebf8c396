from pathlib import Path

import pytest

from evenhand.tlog import TilePath
from evenhand.verify import UnreachableError
from evenhand.verify.files import read_file, replace_file
from evenhand.verify.sources import FolderSource


def test_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b"
    for data in (b"old", b"new"):
        replace_file(file, data)
        assert read_file(file, bytes_max=3) == data
    assert list(file.parent.iterdir()) == [file]


def test_a_failed_replacement_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    replace_file(file, b"old")

    def fail(_handle: int) -> None:
        raise OSError(5, "no disk")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(UnreachableError, match="cannot be written: no disk"):
        replace_file(file, b"new")
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes() == b"old"


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_file(tmp_path / "none", bytes_max=1) is None
    (tmp_path / "a").write_bytes(b"xx")
    assert read_file(tmp_path / "a" / "b", bytes_max=1) is None
    with pytest.raises(UnreachableError, match="longer than 1 bytes"):
        read_file(tmp_path / "a", bytes_max=1)
    with pytest.raises(UnreachableError, match="not a file"):
        read_file(tmp_path, bytes_max=1)

    def fail(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(UnreachableError, match="cannot be read: Permission denied"):
        read_file(tmp_path / "a", bytes_max=9)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FolderSource(tmp_path)
    assert source.partial_widths(TilePath(0, 0)) == []
    folder = tmp_path / "tile/0/000.p"
    folder.mkdir(parents=True)
    for name in ("7", "12", "012", "256", "x"):
        (folder / name).write_bytes(b"")
    assert source.partial_widths(TilePath(0, 0)) == [7, 12]

    def fail(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", fail)
    with pytest.raises(UnreachableError, match="cannot be listed"):
        source.partial_widths(TilePath(0, 0))
