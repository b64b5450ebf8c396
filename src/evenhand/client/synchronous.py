"""The synchronous client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from .transport import Transport
from .values import Lease, Submitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Client"]

_API = "/api/v1"


class Client:
    """Calls the native API with one API key. One thread, one connection."""

    def __init__(self, url: str, api_key: str | None = None, *, timeout_s: float = 60.0) -> None:
        self._transport = Transport(url, api_key, timeout_s=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """GET below `/api/v1`."""
        return self._transport.json("GET", _API + path)

    def post(self, path: str, body: object, *, idempotency_key: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """POST below `/api/v1`."""
        return self._transport.json("POST", _API + path, body, idempotency_key=idempotency_key)

    def delete(self, path: str) -> None:
        """DELETE below `/api/v1`."""
        self._transport.json("DELETE", _API + path)

    def list(self, path: str) -> Iterator[dict[str, Any]]:
        """Every row of a paged list."""
        cursor = ""
        while True:
            page = self.get(f"{path}?limit=500{cursor}")
            yield from page["items"]
            if page.get("next_cursor") is None:
                return
            cursor = f"&cursor={page['next_cursor']}"

    def accept_invitation(self, code: str) -> str:
        """Use a one-time code; gives the API key. Not repeated: a code works once."""
        return self.post("/invitations/accept", {"code": code})["api_key"]

    def lease(self, project: str, *, hold: int = 1, have: Sequence[str] = ()) -> list[Lease]:
        """Hold `hold` leases; gives those not in `have`. Repeating is safe."""
        answer = self._transport.json(
            "POST",
            f"{_API}/projects/{project}/leases",
            {"hold": hold, "have": list(have)},
            repeat=True,
        )
        return [Lease.of(lease) for lease in answer["leases"]]

    def submit(
        self,
        project: str,
        lease: str,
        answer: Mapping[str, Any],
        *,
        active_ms: int = 0,
        hold: int = 0,
        have: Sequence[str] = (),
    ) -> Submitted:
        """Submit an answer and hold `hold` leases afterwards. Repeating is safe."""
        said = self._transport.json(
            "POST",
            f"{_API}/projects/{project}/judgments",
            {
                "lease_id": lease,
                "answer": dict(answer),
                "active_ms": active_ms,
                "next": {"hold": hold, "have": list(have)} if hold else None,
            },
            repeat=True,
        )
        judgment = said["judgment"]
        return Submitted(
            id=judgment["id"],
            item_id=judgment["item_id"],
            feedback=judgment["feedback"],
            leases=[Lease.of(lease) for lease in said["leases"]],
        )

    def import_items(
        self,
        project: str,
        chunks: Iterable[bytes],
        *,
        name: str,
        purpose: str = "label",
        content_type: str = "application/x-ndjson",
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Stream a file of items into a project; all or nothing."""
        return self._transport.upload(
            f"{_API}/projects/{project}/import?name={quote(name)}&purpose={purpose}",
            chunks,
            content_type=content_type,
            idempotency_key=idempotency_key,
        )

    def export(
        self, project: str, form: str, *, run: str | None = None
    ) -> tuple[Mapping[str, str], Iterator[bytes]]:
        """Headers and chunks of an export; read it to its end before the next call."""
        body = {"format": form, "run_id": run}
        return self._transport.download(f"{_API}/projects/{project}/exports", body)

    def receipt(self, index: int) -> bytes:
        """The offline receipt of a leaf."""
        return self._transport.bytes(f"{_API}/receipts/{index}")

    def logs(self) -> list[dict[str, str]]:
        """Logs that the key may see, with their verifier keys."""
        return self._transport.json("GET", "/log/")
