"""From lines of a file to sealed items and tasks. No database here; runs in a thread or a process.

A line of JSONL, or a record of CSV turned into the same shape::

    {"id": "your id", "payload": {…}, "meta": {…}, "assignees": ["member id"], "gold": {…}}

`payload` is what an annotator sees. `meta` is never shown to annotators. `assignees` makes one task
for each named member instead of the project's number of judgments. `gold` (answer and reason) is
for batches with purpose gold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from evenhand.formats import FormatError, numbered_lines, parse_json, render_parsed_json
from evenhand.items import ItemColumns, external_key
from evenhand.platform.errors import Invalid, Problem
from evenhand.platform.ids import new_id_bytes, random_bytes
from evenhand.projects import check_answer, check_payload
from evenhand.sealing import bulk_sealer
from evenhand.tasks import TaskColumns, slot_position
from evenhand.tasktypes import TaskTypeError, get_task_type

from .model import ImportRefused, Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evenhand.sealing import DataKey

    from .model import Chunk, Recipe

__all__ = ["RowMaker", "record_of_csv"]

_KEYS = frozenset({"id", "payload", "meta", "assignees", "gold"})
_NO_LINE = "A line is an object with id, payload, meta, assignees and gold only."
_ID_MAX = 500
_ASSIGNEES_MAX = 100
_REASON_MAX = 4000
_NONCE_BYTES = 12
_FIELDS = 3  # payload, meta, gold


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
    """Makes the rows of one import; keeps nothing between two chunks but what keys derive."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._is_label = recipe.purpose == "label"
        self._parse_payload = get_task_type(recipe.task_type).parse_payload
        self._dek: DataKey | None = None
        self._seal: dict[str, Callable[[bytes, bytes, bytes], bytes]] = {}

    def prepare(self, chunk: Chunk, dek: DataKey) -> Prepared:
        """Rows of a chunk, sealed under `dek`.

        Raises:
            ImportRefused: naming the first line that is not acceptable, and why.
        """
        self._use(dek)
        rows = _Rows(chunk.lines_max())
        number = chunk.first_line
        try:
            for number, line in numbered_lines(chunk.block, first_line=chunk.first_line):
                self._add(rows, parse_json(line, first_line=number), number)
            for number, record in chunk.records:
                self._add(rows, record_of_csv(record), number)
        except FormatError as error:
            raise ImportRefused(f"Line {error.line or number}: {error}") from error
        except Invalid as error:
            problems = error.problems or (Problem("", error.detail),)
            said = "; ".join(f"{p.path or '/'}: {p.detail}" for p in problems[:3])
            raise ImportRefused(f"Line {number}: {said}", problems=problems) from error
        return self._with_tasks(rows)

    def _use(self, dek: DataKey) -> None:
        if self._dek is None or self._dek.id != dek.id:
            place = self._recipe
            self._dek = dek
            self._seal = {
                field: bulk_sealer(
                    dek, workspace=place.workspace, project=place.project, field=field
                )
                for field in ("payload", "meta", "gold")
            }

    def _add(self, rows: _Rows, record: object, line: int) -> None:
        if not isinstance(record, dict):
            raise Invalid(_NO_LINE)
        fields = cast("dict[str, object]", record)
        if not _KEYS.issuperset(fields):
            raise Invalid(_NO_LINE)
        raw = fields.get("payload")
        try:
            payload = render_parsed_json(self._parse_payload(raw))
        except TaskTypeError:
            payload = check_payload(self._recipe.task_type, raw)  # Refuses in the API's words.
        item_id = rows.next_id()
        self._add_meta(rows, fields, item_id, line)
        gold = fields.get("gold")
        if (gold is None) != self._is_label:
            raise Invalid("Lines of a batch with purpose gold have gold, and no others.")
        if gold is not None:
            sealed = self._seal["gold"](item_id, self._gold(gold), rows.next_nonce())
            rows.gold.append((UUID(bytes=item_id), sealed))
        rows.lines.append(line)
        rows.payloads.append(self._seal["payload"](item_id, payload, rows.next_nonce()))
        assignees = fields.get("assignees")
        if assignees is not None:
            rows.assignees[len(rows.lines) - 1] = _assignees(assignees)

    def _add_meta(self, rows: _Rows, fields: dict[str, object], item_id: bytes, line: int) -> None:
        """What only the customer's people read back: their own id and `meta`."""
        external = fields.get("id")
        meta = cast("dict[str, object] | None", fields.get("meta"))
        key = sealed = None
        if external is not None:
            key = self._external_key(external)
            before = rows.line_of.setdefault(key, line)
            if before != line:
                raise Invalid(f"The id is the same as in line {before}.")
        if meta is not None and type(meta) is not dict:
            raise Invalid("meta is an object.")
        if external is not None or meta is not None:
            shown = render_parsed_json({"id": external, "meta": meta or {}})
            sealed = self._seal["meta"](item_id, shown, rows.next_nonce())
        rows.external_keys.append(key)
        rows.metas.append(sealed)

    def _external_key(self, external: object) -> bytes:
        if not isinstance(external, str) or not 1 <= len(external) <= _ID_MAX:
            raise Invalid(f"id is a string of 1 to {_ID_MAX} characters.")
        return external_key(self._recipe.external_key, external)

    def _gold(self, gold: object) -> bytes:
        fields = cast("dict[str, object]", gold) if isinstance(gold, dict) else {}
        if set(fields) != {"answer", "reason"}:
            raise Invalid("gold is an object with answer and reason.")
        reason = fields["reason"]
        if not isinstance(reason, str) or not 1 <= len(reason) <= _REASON_MAX:
            raise Invalid(f"gold.reason is a text of 1 to {_REASON_MAX} characters.")
        answer = check_answer(
            self._recipe.task_type,
            {**self._recipe.settings, "reason": "optional"},
            fields["answer"],
        )
        return b'{"answer":' + answer + b',"reason":' + render_parsed_json(reason) + b"}"

    def _with_tasks(self, rows: _Rows) -> Prepared:
        """The chunk's columns, with one task for each wanted judgment.

        A position grows with the line, so chunks need to know nothing of each other.
        """
        count = len(rows.lines)
        ids = rows.ids[: 16 * count]
        wanted = self._recipe.judgments_per_item
        items = ItemColumns.of(ids, rows.external_keys, rows.payloads, rows.metas)
        if not rows.assignees:
            spread = [slot_position(slot, n) for slot in range(wanted) for n in rows.lines]
            tasks = TaskColumns(new_id_bytes(count * wanted), ids * wanted, [], spread)
            return Prepared(items, tasks, rows.gold, rows.lines)
        owners: list[bytes] = []
        named: list[UUID | None] = []
        positions: list[int] = []
        nobody: list[UUID | None] = [None] * wanted
        for place, line in enumerate(rows.lines):
            for slot, assignee in enumerate(rows.assignees.get(place, nobody)):
                owners.append(ids[16 * place : 16 * place + 16])
                named.append(assignee)
                positions.append(slot_position(slot, line))
        tasks = TaskColumns(new_id_bytes(len(owners)), b"".join(owners), named, positions)
        return Prepared(items, tasks, rows.gold, rows.lines)


class _Rows:
    """The columns of a chunk while they grow, with ids and nonces drawn for all of it at once."""

    def __init__(self, count_max: int) -> None:
        self.ids = new_id_bytes(count_max)
        self._nonces = random_bytes(_NONCE_BYTES * _FIELDS * count_max)
        self._nonce = 0
        self._id = 0
        self.external_keys: list[bytes | None] = []
        self.payloads: list[bytes] = []
        self.metas: list[bytes | None] = []
        self.lines: list[int] = []
        self.line_of: dict[bytes, int] = {}
        self.gold: list[tuple[UUID, bytes]] = []
        self.assignees: dict[int, list[UUID | None]] = {}

    def next_id(self) -> bytes:
        """The next item's id."""
        at = self._id
        self._id = at + 16
        return self.ids[at : at + 16]

    def next_nonce(self) -> bytes:
        """A nonce that nothing else has."""
        at = self._nonce
        self._nonce = at + _NONCE_BYTES
        return self._nonces[at : at + _NONCE_BYTES]


def _assignees(named: object) -> list[UUID | None]:
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
