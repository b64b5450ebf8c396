"""The real judgments, replayed through the real API by their annotators, many at once."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from evenhand.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evenhand.client import Lease

    from .cast import Cast, Player
    from .dataset import Dataset, Pair

__all__ = ["GOLD_ID", "answer_gold", "import_gold", "import_pairs", "replay"]

_THREADS = 16
_HOLD = 2
GOLD_ID = "training-"


def import_pairs(owner: Client, project: str, data: Dataset, cast: Cast) -> dict[str, object]:
    """Stream the pairs in: one task per real judgment, assigned to who really gave it."""
    member_of = {player.person: player.member_id for player in cast.annotators}
    assigned: dict[int, list[str]] = defaultdict(list)
    for one in data.comparisons:
        assigned[one.pair_id].append(member_of[one.person])

    def lines() -> Iterator[bytes]:
        for pair in data.pairs:
            yield _line(pair, str(pair.id), assignees=assigned[pair.id])

    return owner.import_items(project, lines(), name="LLMFAO pairs", idempotency_key="demo-pairs")


def import_gold(owner: Client, project: str, data: Dataset, cast: Cast) -> dict[str, object]:
    """The training pairs as gold, each for the two simulated annotators."""
    both = [cast.right.member_id, cast.wrong.member_id]

    def lines() -> Iterator[bytes]:
        for one in data.training:
            answer = {"choice": one.choice, "order": "given"}
            gold: dict[str, object] = {"answer": answer, "reason": one.reason}
            yield _line(one.pair, f"{GOLD_ID}{one.pair.id}", assignees=both, gold=gold)

    return owner.import_items(
        project,
        lines(),
        name="LLMFAO training pairs",
        purpose="gold",
        idempotency_key="demo-gold",
    )


def replay(
    url: str,
    project: str,
    data: Dataset,
    *,
    annotators: Sequence[Player],
    pair_of_item: dict[str, int],
    step: Callable[[int], None],
) -> int:
    """Every annotator works off its own tasks; gives how many judgments this run submitted."""
    choice = {(one.pair_id, one.person): one.choice for one in data.comparisons}

    def work(player: Player) -> int:
        def answer(lease: Lease) -> str:
            return choice[pair_of_item[lease.item_id], player.person or 0]

        return _work(url, project, player, answer=answer, step=step, stop=stop)

    stop = threading.Event()
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            return sum(pool.map(work, annotators))
        except BaseException:
            # Ctrl-C too: everybody ends after the answer in hand, which is acknowledged.
            stop.set()
            raise


def answer_gold(
    url: str, project: str, data: Dataset, cast: Cast, training_of_item: dict[str, int]
) -> list[str]:
    """The simulated annotators answer the gold, one right, one wrong; gives feedback of the wrong
    one's first answer, as it was shown.
    """
    right = {one.pair.id: one.choice for one in data.training}
    other = {"left": "right", "right": "tie", "tie": "left"}
    told: list[str] = []

    def rightly(lease: Lease) -> str:
        return right[training_of_item[lease.item_id]]

    def wrongly(lease: Lease) -> str:
        return other[rightly(lease)]

    _work(url, project, cast.right, answer=rightly, step=_no_step)
    _work(url, project, cast.wrong, answer=wrongly, step=_no_step, told=told)
    return told


def _work(
    url: str,
    project: str,
    player: Player,
    *,
    answer: Callable[[Lease], str],
    step: Callable[[int], None],
    told: list[str] | None = None,
    stop: threading.Event | None = None,
) -> int:
    done = 0
    with Client(url, player.api_key) as client:
        held = client.lease(project, hold=_HOLD)
        while held and not (stop is not None and stop.is_set()):
            lease = held.pop(0)
            submitted = client.submit(
                project,
                lease.id,
                {"choice": answer(lease), "order": lease.order},
                hold=_HOLD,
                have=[one.id for one in held],
            )
            held += submitted.leases
            done += 1
            step(1)
            if told is not None and submitted.feedback is not None:
                told.append(str(submitted.feedback["reason"]))
    return done


def _no_step(_count: int) -> None:
    """Nothing to show."""


def _line(
    pair: Pair, name: str, *, assignees: list[str], gold: dict[str, object] | None = None
) -> bytes:
    line: dict[str, object] = {
        "id": name,
        "payload": {"prompt": pair.prompt, "left": pair.left_text, "right": pair.right_text},
        "meta": {"left": pair.left, "right": pair.right},
        "assignees": assignees,
    }
    if gold is not None:
        line["gold"] = gold
    return json.dumps(line).encode() + b"\n"
