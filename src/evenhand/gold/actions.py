"""Gold: known answers with reasons; scoring annotators on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from evenhand.access import Ticket
from evenhand.identity import POLICY_HASH
from evenhand.platform.errors import NotFound
from evenhand.platform.queries import load_queries
from evenhand.projects import get_project, score_answer
from evenhand.transparency import intend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from evenhand.access import Release
    from evenhand.judgments import Submitted
    from evenhand.platform.db import Database, Tx
    from evenhand.platform.jobs import Job

__all__ = ["GoldScore", "GoldService", "add_gold", "delete_gold", "list_scores"]

_Q = load_queries(__package__ or "")


@dataclass(frozen=True, slots=True)
class GoldScore:
    """One annotator on a project's gold."""

    annotator_id: UUID
    name: str
    simulated: bool
    scored_count: int
    correct_count: int

    def render(self) -> dict[str, object]:
        """The score as the API shows it."""
        return {
            "annotator_id": str(self.annotator_id),
            "name": self.name,
            "simulated": self.simulated,
            "scored_count": self.scored_count,
            "correct_count": self.correct_count,
        }


async def add_gold(
    tx: Tx, workspace: UUID, project: UUID, rows: Sequence[tuple[UUID, bytes]]
) -> None:
    """Write sealed gold (field `gold` of the item's id) of new items."""
    await tx.execute(
        _Q["insert_gold"], workspace, project, [row[0] for row in rows], [row[1] for row in rows]
    )


async def delete_gold(tx: Tx, workspace: UUID, batch: UUID) -> None:
    """Remove the gold of a staging batch."""
    await tx.execute(_Q["delete_gold"], workspace, batch)


async def list_scores(tx: Tx, workspace: UUID, project: UUID) -> list[GoldScore]:
    """By annotator."""
    return [GoldScore(**row) for row in await tx.fetch(_Q["list_scores"], workspace, project)]


class GoldService:
    """Scoring: in the background for the record, at once for the annotator's feedback."""

    def __init__(self, db: Database, release: Release) -> None:
        self._db = db
        self._release = release

    async def find_feedback(
        self, workspace: UUID, done: Submitted, answer: Mapping[str, Any]
    ) -> dict[str, object] | None:
        """What the annotator is told after answering gold: right or wrong, and why."""
        async with self._db.transaction(workspace) as tx:
            row = await tx.fetchrow(_Q["get_gold"], workspace, done.item_id)
            if row is None:
                return None
            project = await get_project(tx, workspace, row["project_id"])
            intent = await self._intend(tx, workspace, done.annotator_id, done.item_id, "feedback")
        ticket = Ticket(workspace, project.id, done.item_id, "gold", intent, row["sealed"])
        (look,) = await self._release.open([ticket])
        gold = msgspec.json.decode(look.plaintext)
        correct = score_answer(project.task_type, answer, gold["answer"]) == 1.0
        return {"correct": correct, "reason": gold["reason"]}

    async def score_judgment(self, job: Job) -> None:
        """Handler of `judgment.submitted` for gold tasks: writes the score once."""
        workspace = job.workspace
        async with self._db.transaction(workspace) as tx:
            judged = await tx.fetchrow(_Q["get_judged"], workspace, job.subject_id)
            if judged is None:
                raise NotFound("The judgment is gone.")
            row = await tx.fetchrow(_Q["get_gold"], workspace, judged["item_id"])
            if row is None:
                await job.finish(tx)
                return
            project = await get_project(tx, workspace, judged["project_id"])
            annotator = judged["annotator_id"]
            gold_intent = await self._intend(tx, workspace, annotator, judged["item_id"], "score")
            answer_intent = await intend(
                tx,
                workspace,
                "answer.released/1",
                actor=annotator,
                policy=POLICY_HASH,
                target=judged["id"],
                purpose="score",
            )
        gold_look, answer_look = await self._release.open(
            [
                Ticket(
                    workspace, project.id, judged["item_id"], "gold", gold_intent, row["sealed"]
                ),
                Ticket(
                    workspace, project.id, judged["id"], "answer", answer_intent, judged["answer"]
                ),
            ]
        )
        gold = msgspec.json.decode(gold_look.plaintext)
        answer = msgspec.json.decode(answer_look.plaintext)
        correct = score_answer(project.task_type, answer, gold["answer"]) == 1.0
        async with self._db.transaction(workspace) as tx:
            await tx.execute(
                _Q["insert_score"],
                workspace,
                judged["id"],
                project.id,
                judged["item_id"],
                annotator,
                correct,
            )
            await job.finish(tx)

    async def _intend(self, tx: Tx, workspace: UUID, actor: UUID, item: UUID, purpose: str) -> int:
        return await intend(
            tx,
            workspace,
            "gold.released/1",
            actor=actor,
            policy=POLICY_HASH,
            target=item,
            purpose=purpose,
        )
