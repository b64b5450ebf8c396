"""Dawid-Skene and one-coin written as plainly as possible, to check the fast ones against."""

from __future__ import annotations

import math

Rows = list[tuple[int, int, int]]


def vote_shares(rows: Rows, classes: int) -> list[list[float]]:
    tasks = max(task for task, _, _ in rows) + 1
    votes = [[0.0] * classes for _ in range(tasks)]
    for task, _, label in rows:
        votes[task][label] += 1
    return [[vote / sum(row) for vote in row] for row in votes]


def softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def class_shares(posteriors: list[list[float]], classes: int, pseudo: float) -> list[float]:
    totals = [sum(row[k] for row in posteriors) + pseudo for k in range(classes)]
    return [total / sum(totals) for total in totals]


def dawid_skene(
    rows: Rows, classes: int, *, right: float, wrong: float, pseudo: float, rounds: int
) -> list[list[float]]:
    posteriors = vote_shares(rows, classes)
    workers = max(worker for _, worker, _ in rows) + 1
    for _ in range(rounds):
        shares = class_shares(posteriors, classes, pseudo)
        tables = [
            [[right if k == label else wrong for label in range(classes)] for k in range(classes)]
            for _ in range(workers)
        ]
        for task, worker, label in rows:
            for k in range(classes):
                tables[worker][k][label] += posteriors[task][k]
        tables = [[[c / sum(row) for c in row] for row in table] for table in tables]
        scores = [[math.log(share) for share in shares] for _ in posteriors]
        for task, worker, label in rows:
            for k in range(classes):
                scores[task][k] += math.log(tables[worker][k][label])
        posteriors = [softmax(row) for row in scores]
    return posteriors


def one_coin(rows: Rows, classes: int, *, rounds: int) -> list[list[float]]:
    posteriors = vote_shares(rows, classes)
    workers = max(worker for _, worker, _ in rows) + 1
    for _ in range(rounds):
        shares = class_shares(posteriors, classes, 1.0)
        agreed, total = [2.0] * workers, [3.0] * workers
        for task, worker, label in rows:
            agreed[worker] += posteriors[task][label]
            total[worker] += 1
        scores = [[math.log(share) for share in shares] for _ in posteriors]
        for task, worker, label in rows:
            skill = agreed[worker] / total[worker]
            for k in range(classes):
                chance = skill if k == label else (1 - skill) / (classes - 1)
                scores[task][k] += math.log(chance)
        posteriors = [softmax(row) for row in scores]
    return posteriors
