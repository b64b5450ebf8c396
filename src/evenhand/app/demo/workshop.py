"""Something to do for the person who started the service: a project of its own, and two codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from evenhand.client import Client

from .dataset import Dataset
from .state import host_code

if TYPE_CHECKING:
    from rich.console import Console

    from evenhand.platform.settings import Settings

    from .state import DemoState

__all__ = ["open_workshop"]

_PAIRS = 25


def open_workshop(url: str, settings: Settings, state: DemoState, console: Console) -> None:
    """Open a project with real pairs for "You", and print how to sign in."""
    data = Dataset()
    with Client(url, state.find("owner_key")) as owner:
        project = owner.post(
            "/projects",
            {
                "name": "Try it yourself: which AI is better?",
                "task_type": "pairwise",
                "settings": {"tie": True, "reason": "optional", "order": "random"},
                "instructions": data.instructions,
                "judgments_per_item": 1,
            },
            idempotency_key="demo-workshop",
        )["id"]
        lines = (
            json.dumps(
                {
                    "id": f"try-{pair.id}",
                    "payload": {
                        "prompt": pair.prompt,
                        "left": pair.left_text,
                        "right": pair.right_text,
                    },
                    "meta": {"left": pair.left, "right": pair.right},
                }
            ).encode()
            + b"\n"
            for pair in data.pairs[::83][:_PAIRS]
        )
        owner.import_items(
            project, lines, name="a few real pairs", idempotency_key="demo-workshop-pairs"
        )
        invited = owner.post(
            "/invitations",
            {"email": "you@people.example", "name": "You", "role": "annotator"},
            idempotency_key="demo-you",
        )
        code = invited["code"] or host_code(settings, state, invited["member_id"])
    console.rule("[bold]The service is running")
    console.print(f"\nOpen [bold]{url}/sign-in#code[/] and sign in as annotator with this code:")
    console.print(f"\n  {code}\n", highlight=False, soft_wrap=True)
    console.print(
        f"{_PAIRS} real pairs wait in “Try it yourself”. A new code: run this command again."
        " Ctrl-C stops the service."
    )
