from __future__ import annotations

import os
from pathlib import Path

from evenhand.platform.postgres.files import make_folder, read_line, write_durably
from evenhand.platform.postgres.serverlog import log_size, log_tail, open_log, trim_log


def test_the_log_is_cut_under_its_writer_and_one_predecessor_is_kept(folder: Path) -> None:
    path = folder / "server.log"
    assert (log_size(path), log_tail(path, start=0)) == (0, "")
    assert not trim_log(path)
    writer = open_log(path)
    for round_number in range(3):
        os.write(writer, b"x" * 90 + f"round {round_number}\n".encode())
        assert not trim_log(path, bytes_max=1000)
        assert trim_log(path, bytes_max=50)
        assert log_size(path) == 0
    os.write(writer, b"at the new end\n")
    os.close(writer)
    assert path.read_text() == "at the new end\n"
    older = folder / "server.log.1"
    assert older.read_text().endswith("round 2\n")
    assert (path.stat().st_mode & 0o777, older.stat().st_mode & 0o777) == (0o600, 0o600)


def test_the_tail_begins_where_asked_and_is_short(folder: Path) -> None:
    path = folder / "server.log"
    path.write_bytes(b"old\n" + b"\xff" * 5000 + b"\nnew\n")
    assert log_tail(path, start=path.stat().st_size - 4) == "new"
    assert len(log_tail(path, start=0)) <= 2000
    assert "old" not in log_tail(path, start=0)


def test_files_are_replaced_whole_with_their_mode(folder: Path) -> None:
    path = folder / "secret"
    assert read_line(path) is None
    (folder / ".secret.new").write_text("left by a crash")
    write_durably(path, "one\n", mode=0o600, owner=None)
    write_durably(path, "two\n", mode=0o600, owner=(os.geteuid(), os.getegid()))
    assert (read_line(path), path.stat().st_mode & 0o777) == ("two", 0o600)
    assert [one.name for one in folder.iterdir()] == ["secret"]
    assert make_folder(folder / "made", mode=0o711)
    assert not make_folder(folder / "made", mode=0o700)
    assert (folder / "made").stat().st_mode & 0o777 == 0o711
