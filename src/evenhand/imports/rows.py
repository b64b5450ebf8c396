"""From lines of a file to sealed items and tasks. No database here; runs in a thread.

A line of JSONL, or a record of CSV turned into the same shape::

    {"id": "your id", "payload": {…}, "meta": {…}, "assignees": ["member id"], "gold": {…}}

`payload` is what an annotator sees. `meta` is never shown to annotators. `assignees` makes one task
for each named member instead of the project's number of judgments. `gold` (answer and reason) is
for batches with purpose gold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from evenhand.formats import FormatError, parse_json, render_json
from evenhand.items import NewItem
from evenhand.platform.errors import Invalid, Problem
from evenhand.platform.ids import new_ids
from evenhand.projects import check_answer, check_payload
from evenhand.tasks import NewTask, slot_position

from .model import ImportRefused, Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evenhand.projects import Project
    from evenhand.vault import KeyHolder, Sealer

__all__ = ["RowMaker", "record_of_csv"]

_KEYS = frozenset({"id", "payload", "meta", "assignees", "gold"})
_NO_LINE = "A line is an object with id, payload, meta, assignees and gold only."
_ID_MAX = 500
_ASSIGNEES_MAX = 100
_REASON_MAX = 4000


def record_of_csv(row: Mapping[str, str]) -> dict[str, Any]:
    """A CSV record in the shape of a JSONL line: `id`, `meta.*`; every other column is payload."""
    record: dict[str, Any] = {"payload": {}}
    meta: dict[str, str] = {}
    for name, value in row.items():
        if name == "id":
            record["id"] = value
        elif name.startswith("meta."):
            meta[name.removeprefix("meta.")] = value
        else:
            record["payload"][name] = value
    if meta:
        record["meta"] = meta
    return record


class RowMaker:
    """Makes the rows of one import."""

    def __init__(
        self, project: Project, sealer: Sealer, holder: KeyHolder, *, purpose: str
    ) -> None:
        self._project = project
        self._sealer = sealer
        self._holder = holder
        self._purpose = purpose
        self._number = 0

    def prepare(self, lines: Sequence[tuple[int, bytes | Mapping[str, str]]]) -> Prepared:
        """Rows of some lines.

        Raises:
            ImportRefused: naming the first line that is not acceptable, and why.
        """
        prepared = Prepared()
        ids = new_ids(len(lines) * (1 + self._project.judgments_per_item))
        for number, line in lines:
            try:
                record = (
                    parse_json(line, first_line=number)
                    if isinstance(line, bytes)
                    else record_of_csv(line)
                )
                self._add(prepared, record, number, ids)
            except FormatError as error:
                raise ImportRefused(f"Line {number}: {error}") from error
            except Invalid as error:
                problems = error.problems or (Problem("", error.detail),)
                said = "; ".join(f"{p.path or '/'}: {p.detail}" for p in problems[:3])
                raise ImportRefused(f"Line {number}: {said}", problems=problems) from error
        return prepared

    def _add(self, prepared: Prepared, record: object, line: int, ids: Any) -> None:  # noqa: ANN401
        if not isinstance(record, dict):
            raise Invalid(_NO_LINE)
        fields = cast("dict[str, object]", record)
        if not _KEYS.issuperset(fields):
            raise Invalid(_NO_LINE)
        item_id: UUID = next(ids)
        payload = check_payload(self._project.task_type, fields.get("payload"))
        external = fields.get("id")
        meta = fields.get("meta")
        key = None
        sealed_meta = None
        if external is not None:
            key = self._external_key(external)
            if key in prepared.lines:
                raise Invalid(f"The id is the same as in line {prepared.lines[key]}.")
            prepared.lines[key] = line
        if meta is not None and not isinstance(meta, dict):
            raise Invalid("meta is an object.")
        if external is not None or meta is not None:
            shown: dict[str, object] = {"id": external, "meta": meta or {}}
            sealed_meta = self._sealer.seal(item_id, "meta", render_json(shown))
        sealed = self._sealer.seal(item_id, "payload", payload)
        prepared.items.append(NewItem(item_id, key, sealed, sealed_meta))
        self._add_gold(prepared, fields.get("gold"), item_id)
        for slot, assignee in enumerate(self._assignees(fields.get("assignees"))):
            task_id = next(ids, None) or next(new_ids(1))
            position = slot_position(slot, self._number)
            prepared.tasks.append(NewTask(task_id, item_id, assignee, position))
        self._number += 1

    def _external_key(self, external: object) -> bytes:
        if not isinstance(external, str) or not 1 <= len(external) <= _ID_MAX:
            raise Invalid(f"id is a string of 1 to {_ID_MAX} characters.")
        return self._holder.mac(
            self._sealer.workspace, "external", self._project.id.bytes, external.encode()
        )[:16]

    def _assignees(self, named: object) -> list[UUID | None]:
        if named is None:
            return [None] * self._project.judgments_per_item
        names = cast("list[str]", named) if isinstance(named, list) else []
        if not 1 <= len(names) <= _ASSIGNEES_MAX:
            raise Invalid(f"assignees is a list of 1 to {_ASSIGNEES_MAX} member ids.")
        try:
            found: list[UUID | None] = [UUID(name) for name in names]
        except (ValueError, TypeError, AttributeError) as error:
            raise Invalid("assignees holds member ids.") from error
        if len(set(found)) != len(found):
            raise Invalid("assignees names somebody twice.")
        return found

    def _add_gold(self, prepared: Prepared, gold: object, item_id: UUID) -> None:
        if (gold is None) != (self._purpose == "label"):
            raise Invalid("Lines of a batch with purpose gold have gold, and no others.")
        if gold is None:
            return
        fields = cast("dict[str, object]", gold) if isinstance(gold, dict) else {}
        if set(fields) != {"answer", "reason"}:
            raise Invalid("gold is an object with answer and reason.")
        reason = fields["reason"]
        if not isinstance(reason, str) or not 1 <= len(reason) <= _REASON_MAX:
            raise Invalid(f"gold.reason is a text of 1 to {_REASON_MAX} characters.")
        answer = check_answer(
            self._project.task_type,
            {**self._project.settings, "reason": "optional"},
            fields["answer"],
        )
        sealed = self._sealer.seal(
            item_id, "gold", b'{"answer":' + answer + b',"reason":' + render_json(reason) + b"}"
        )
        prepared.gold.append((item_id, sealed))
