"""Settings, payload and answer of a pairwise preference, and their checks.

``left`` and ``right`` are the item's own sides, whatever side of the page they were shown
on: the answer's ``order`` says whether the page had swapped them, and its ``choice``
already names the item's side. So an answer means the same without its page, and a
preference for one side of the page can be measured.
"""

from __future__ import annotations

from typing import Final, Literal, NotRequired, TypedDict, cast

from evenhand.tasktypes.problems import (
    AnswerError,
    PayloadError,
    Problem,
    SettingsError,
    check_choice,
    check_object,
    check_text,
)

PAYLOAD_BYTES_MAX: Final = 1024 * 1024
REASON_CHARS_MAX: Final = 4_000

SIDES: Final = ("left", "right")
TIE: Final = "tie"


class PairwiseSettings(TypedDict):
    """How a project asks; all fields are present after ``parse_settings``."""

    tie: bool
    reason: Literal["off", "optional", "required"]
    order: Literal["given", "random"]


class PairwisePayload(TypedDict):
    """What is shown. A side may be empty, since models do answer with nothing."""

    prompt: str
    left: str
    right: str


class PairwiseAnswer(TypedDict):
    """What was chosen; ``reason`` in at most 4,000 Unicode code points."""

    choice: Literal["left", "right", "tie"]
    order: Literal["given", "swapped"]
    reason: NotRequired[str]


def classes(settings: PairwiseSettings) -> tuple[str, ...]:
    """Return the choices that the settings allow."""
    return (*SIDES, TIE) if settings["tie"] else SIDES


def parse_settings(raw: object) -> PairwiseSettings:
    """Check settings; absent ones become tie true, reason optional, order given.

    Raises SettingsError with every problem.
    """
    fields, problems = check_object(raw, fields=("tie", "reason", "order"), error=SettingsError)
    whole: dict[str, object] = {"tie": True, "reason": "optional", "order": "given", **fields}
    if not isinstance(whole["tie"], bool):
        problems.append(Problem("/tie", "True or false is expected."))
    check_choice(
        whole["reason"],
        path="/reason",
        choices=("off", "optional", "required"),
        problems=problems,
    )
    check_choice(whole["order"], path="/order", choices=("given", "random"), problems=problems)
    if problems:
        raise SettingsError(problems)
    return cast("PairwiseSettings", cast("object", whole))


def parse_payload(raw: object) -> PairwisePayload:
    """Check a payload: a prompt that is not blank, two texts, at most 1 MiB of UTF-8 together.

    Raises PayloadError with every problem.
    """
    plain = _plain_payload(raw)
    if plain is not None:
        return plain
    names = ("prompt", "left", "right")
    fields, problems = check_object(raw, fields=names, error=PayloadError)
    payload_bytes = 0
    for name in names:
        if name not in fields:
            problems.append(Problem(f"/{name}", "This field is missing."))
            continue
        text = check_text(fields[name], path=f"/{name}", problems=problems)
        if text is not None:
            payload_bytes += len(text.encode("utf-8"))
            if name == "prompt" and not text.strip():
                problems.append(Problem("/prompt", "The prompt is empty."))
    if payload_bytes > PAYLOAD_BYTES_MAX:
        problems.append(
            Problem("", f"The texts have {payload_bytes} bytes; {PAYLOAD_BYTES_MAX} are allowed.")
        )
    if problems:
        raise PayloadError(problems)
    return cast("PairwisePayload", cast("object", fields))


def _plain_payload(raw: object) -> PairwisePayload | None:
    """The payload when it is plainly good, as nearly all are; None says only: look closer."""
    if not isinstance(raw, dict):
        return None
    found = cast("dict[object, object]", raw)
    prompt, left, right = found.get("prompt"), found.get("left"), found.get("right")
    if (
        len(found) == 3  # noqa: PLR2004 - the three that follow
        and isinstance(prompt, str)
        and isinstance(left, str)
        and isinstance(right, str)
        # ASCII has a byte a character, and no surrogates.
        and prompt.isascii()
        and left.isascii()
        and right.isascii()
        and len(prompt) + len(left) + len(right) <= PAYLOAD_BYTES_MAX
        and prompt.strip()
        and "\x00" not in prompt
        and "\x00" not in left
        and "\x00" not in right
    ):
        return {"prompt": prompt, "left": left, "right": right}
    return None


def parse_answer(raw: object, *, settings: PairwiseSettings) -> PairwiseAnswer:
    """Check an answer against the settings; raises AnswerError with every problem.

    Whether ``order`` is the one that the lease had is the caller's check.
    """
    fields, problems = check_object(raw, fields=("choice", "order", "reason"), error=AnswerError)
    for name, choices in (("choice", classes(settings)), ("order", ("given", "swapped"))):
        if name in fields:
            check_choice(fields[name], path=f"/{name}", choices=choices, problems=problems)
        else:
            problems.append(Problem(f"/{name}", "This field is missing."))
    _check_reason(fields, wanted=settings["reason"], problems=problems)
    if problems:
        raise AnswerError(problems)
    return cast("PairwiseAnswer", cast("object", fields))


def _check_reason(fields: dict[str, object], *, wanted: str, problems: list[Problem]) -> None:
    if "reason" not in fields:
        if wanted == "required":
            problems.append(Problem("/reason", "A reason is required."))
        return
    if wanted == "off":
        problems.append(Problem("/reason", "This project takes no reasons."))
        return
    reason = check_text(fields["reason"], path="/reason", problems=problems)
    if reason is None:
        return
    if len(reason) > REASON_CHARS_MAX:
        sentence = f"The reason has {len(reason)} characters; {REASON_CHARS_MAX} are allowed."
        problems.append(Problem("/reason", sentence))
    if wanted == "required" and not reason.strip():
        problems.append(Problem("/reason", "A reason is required, and this one is blank."))
