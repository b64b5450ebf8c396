"""The crowd labels that lie beside the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"
Ints = NDArray[np.int64]


def load(name: str) -> tuple[Ints, Ints, Ints, dict[int, int]]:
    """Task, worker and label columns, and the truth by task."""
    labels = np.loadtxt(DATA / name / "labels.csv", delimiter=",", skiprows=1, dtype=np.int64)
    truth = np.loadtxt(DATA / name / "truth.csv", delimiter=",", skiprows=1, dtype=np.int64)
    return labels[:, 0], labels[:, 1], labels[:, 2], dict(truth.tolist())
