"""The sorted table of judgments."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.quality import aggregate, judgments
from evenhand.quality.judgments import read_judgments, sort_rows

ROWS = st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=30)


@given(ROWS, st.booleans())
def test_rows_are_sorted_whatever_the_shape(rows: list[tuple[int, int, int]], vast: bool) -> None:
    first, second, third = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    # A vast shape cannot be packed into 63 bits and takes the other way.
    shape = (2**31, 2**31, 2**31) if vast else (6, 6, 6)
    found = sort_rows(first, second, third, shape=shape)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == sorted(rows)
    assert all(column.dtype == np.int32 for column in found)


def test_blocks_cover_all_tasks_once_and_cut_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    task, worker, label = rng.integers(0, 60, 500), rng.integers(0, 7, 500), rng.integers(0, 3, 500)
    whole = aggregate(task, worker, label, method="dawid_skene")
    monkeypatch.setattr(judgments, "_BLOCK_ROWS", 20)
    table = read_judgments(task, worker, label)
    blocks = list(table.blocks(cells=0))
    assert len(blocks) > 20
    assert [b.first for b in blocks] == [0, *(b.last for b in blocks[:-1])]
    assert blocks[-1].last == len(table.tasks)
    assert blocks[-1].stop == 500
    assert all(table.starts[b.first] == b.start for b in blocks)
    assert all(b.stop - b.start <= 20 for b in blocks)
    assert len(list(table.blocks(cells=1000))) == 1
    cut = aggregate(task, worker, label, method="dawid_skene")
    assert np.allclose(cut.posteriors, whole.posteriors, atol=1e-9)


def test_a_task_larger_than_a_block_is_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgments, "_BLOCK_ROWS", 2)
    table = read_judgments([0] * 5 + [1], [0] * 6, [0, 1] * 3)
    assert [(b.start, b.stop) for b in table.blocks(cells=0)] == [(0, 5), (5, 6)]


def test_half_a_million_judgments_in_bounded_time() -> None:
    rng = np.random.default_rng(1)
    task, worker = np.repeat(np.arange(100_000), 5), rng.integers(0, 1000, 500_000)
    label = np.where(rng.random(500_000) < 0.7, task % 4, rng.integers(0, 4, 500_000))
    started_s = time.process_time()
    result = aggregate(task, worker, label)
    assert np.mean(result.labels == np.arange(100_000) % 4) > 0.9
    # Measured 0.5 s; ten times that is a defect and no noise.
    assert time.process_time() - started_s < 5.0


def test_the_library_imports_numpy_and_nothing_heavier() -> None:
    program = "import sys, evenhand.quality; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    names = set(run.stdout.split())
    assert "numpy" in names
    assert not names & {"scipy", "pandas", "pyarrow", "msgspec", "asyncpg", "fastapi", "argparse"}
