from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from evenhand.platform.postgres import ServerUnavailable
from evenhand.platform.postgres.locks import FileLock, holding


def test_two_objects_exclude_each_other(folder: Path) -> None:
    one, two = FileLock(folder / "lock"), FileLock(folder / "lock")
    assert one.try_acquire()
    assert one.try_acquire()
    assert one.held
    assert not two.try_acquire()
    assert not two.held
    with pytest.raises(RuntimeError, match="not held"):
        _ = two.descriptor
    one.close()
    one.close()
    assert two.try_acquire()
    two.close()
    assert (folder / "lock").stat().st_mode & 0o777 == 0o600


def test_shared_holders_exclude_an_exclusive_one(folder: Path) -> None:
    one, two, three = (FileLock(folder / "lock") for _ in range(3))
    assert one.try_acquire(shared=True)
    assert two.try_acquire(shared=True)
    assert not three.try_acquire()
    one.close()
    two.close()
    assert three.try_acquire()
    three.close()


def test_a_child_that_was_given_the_descriptor_holds_on(folder: Path) -> None:
    mine, other = FileLock(folder / "lock"), FileLock(folder / "lock")
    assert mine.try_acquire()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(mine.descriptor,)) as child:
        mine.close()
        assert not other.try_acquire()
        child.kill()
    assert other.try_acquire()
    other.close()


def test_a_forked_copy_does_not_hold(folder: Path) -> None:
    mine, other = FileLock(folder / "lock"), FileLock(folder / "lock")
    assert mine.try_acquire()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Answers whether it holds, then lives until the parent has looked and kills it.
        os.write(writer, b"yes" if mine.held else b"no!")
        time.sleep(60)
        os._exit(0)
    assert os.read(reader, 3) == b"no!"
    mine.close()
    assert other.try_acquire()
    other.close()
    os.close(writer)
    os.close(reader)
    os.kill(child, 9)
    os.waitpid(child, 0)


def test_holding_waits_and_gives_up(folder: Path) -> None:
    mine, other = FileLock(folder / "lock"), FileLock(folder / "lock")
    assert mine.try_acquire()
    pauses: list[int] = []
    with (
        pytest.raises(ServerUnavailable, match="for too long"),
        holding(other, attempts=3, pause=lambda: pauses.append(1)),
    ):
        pass
    assert len(pauses) == 3
    with holding(other, attempts=2, pause=mine.close):
        assert other.held
    assert not other.held


def test_a_lock_that_the_system_refuses_is_an_error(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileLock(folder / "none" / "lock").try_acquire()
