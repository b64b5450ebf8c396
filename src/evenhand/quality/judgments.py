"""The table of judgments that all aggregation methods read.

Rows are sorted by task, worker and label. So results do not depend on the order of the
input to the last bit, each task is one slice, and the input's hash is well defined.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenhand.quality.columns import Book, Codes, Column, encode, encode_with_book
from evenhand.quality.errors import QualityError

# Changes whenever the same input and parameters may give other numbers.
ENGINE_VERSION: Final = "quality-1"
# Cells of the largest table, 1 GiB in double precision. More is an error, not a full machine.
CELLS_MAX: Final = 2**27
# Rows that are worked on at a time: large enough for NumPy, small enough for the cache.
_BLOCK_ROWS: Final = 2**17


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Judgments:
    """Sorted judgments; N rows, T tasks, W workers, K classes.

    Shapes: task, worker, label (N); starts (T + 1), the slice of task t is
    ``starts[t]:starts[t + 1]`` and never empty. A worker may have judged a task more
    than once: each row counts.
    """

    task: Codes
    worker: Codes
    label: Codes
    starts: NDArray[np.int64]
    tasks: Book
    workers: Book
    classes: Book
    input_hash: str

    @property
    def worker_label(self) -> NDArray[np.int64]:
        """One index per judgment into a table of W * K cells, shape (N)."""
        return self.worker.astype(np.int64) * len(self.classes) + self.label

    def blocks(self, *, cells: int) -> Iterator[Block]:
        """Cut into runs of whole tasks, large against a table of that many cells."""
        rows = max(_BLOCK_ROWS, 4 * cells)
        first = 0
        while first < len(self.tasks):
            end = int(self.starts[first]) + rows
            last = max(int(np.searchsorted(self.starts, end, side="right")) - 1, first + 1)
            yield Block(first, last, int(self.starts[first]), int(self.starts[last]))
            first = last


@dataclass(frozen=True, slots=True)
class Block:
    """Tasks first … last-1 and their judgments start … stop-1."""

    first: int
    last: int
    start: int
    stop: int


def read_judgments(
    task: Column,
    worker: Column,
    label: Column,
    *,
    classes: Sequence[str] | Sequence[int] | None = None,
    classes_min: int = 2,
) -> Judgments:
    """Encode, sort and hash three columns of equal length.

    ``classes`` fixes the book of classes and their order, also for classes that nobody
    chose. Raises QualityError: empty input, lengths that differ, missing values,
    negative codes, fewer than ``classes_min`` classes, a label that is not in ``classes``.
    """
    task_codes, tasks = encode(task, name="task")
    worker_codes, workers = encode(worker, name="worker")
    if classes is None:
        label_codes, class_book = encode(label, name="label")
    else:
        label_codes, class_book = encode_with_book(label, book=classes, name="label")
    lengths = {len(task_codes), len(worker_codes), len(label_codes)}
    if len(lengths) > 1:
        sizes = f"{len(task_codes)}, {len(worker_codes)} and {len(label_codes)}"
        message = f"The columns task, worker and label differ in length: {sizes} rows."
        raise QualityError(message)
    if len(class_book) < classes_min:
        message = (
            f"All judgments give the label {class_book.tolist()[0]!r}, so nothing is left to"
            " decide; name the other classes with classes=."
        )
        raise QualityError(message)
    shape = (len(tasks), len(workers), len(class_book))
    task_codes, worker_codes, label_codes = sort_rows(
        task_codes, worker_codes, label_codes, shape=shape
    )
    counts = np.bincount(task_codes, minlength=len(tasks))
    return Judgments(
        task=task_codes,
        worker=worker_codes,
        label=label_codes,
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        tasks=tasks,
        workers=workers,
        classes=class_book,
        input_hash=hash_table(
            books=(tasks, workers, class_book), columns=(task_codes, worker_codes, label_codes)
        ),
    )


def sort_rows(
    first: Codes, second: Codes, third: Codes, *, shape: tuple[int, int, int]
) -> tuple[Codes, Codes, Codes]:
    """Sort rows by their three codes; ``shape`` bounds them.

    Packing a row into one integer and sorting that is several times faster than an
    indirect sort, and possible for every table that fits into memory in practice.
    """
    if shape[0] * shape[1] * shape[2] > np.iinfo(np.int64).max:
        order = np.lexsort((third, second, first))
        return first[order], second[order], third[order]
    packed = first.astype(np.int64)
    packed *= shape[1]
    packed += second
    packed *= shape[2]
    packed += third
    packed.sort()
    rest, sorted_third = np.divmod(packed, shape[2])
    sorted_first, sorted_second = np.divmod(rest, shape[1])
    return (
        sorted_first.astype(np.int32),
        sorted_second.astype(np.int32),
        sorted_third.astype(np.int32),
    )


def hash_table(*, books: Sequence[Book], columns: Sequence[Codes]) -> str:
    """SHA-256 over the books (as JSON, length first) and the sorted columns (int32 LE)."""
    digest = hashlib.sha256()
    for book in books:
        encoded = json.dumps(book.tolist(), ensure_ascii=True, separators=(",", ":")).encode()
        digest.update(f"{len(encoded)}:".encode())
        digest.update(encoded)
    for column in columns:
        digest.update(np.ascontiguousarray(column, dtype="<i4").data)
    return digest.hexdigest()
