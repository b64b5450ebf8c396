"""The asynchronous client: the synchronous one's calls in threads, one at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from .synchronous import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .values import Lease, Submitted

__all__ = ["AsyncClient"]


class AsyncClient:
    """Like `Client`; calls of one object wait for each other."""

    def __init__(self, url: str, api_key: str | None = None, *, timeout_s: float = 60.0) -> None:
        self._client = Client(url, api_key, timeout_s=timeout_s)
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._run(self._client.close)

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """GET below `/api/v1`."""
        return await self._run(lambda: self._client.get(path))

    async def post(self, path: str, body: object, *, idempotency_key: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """POST below `/api/v1`."""
        return await self._run(
            lambda: self._client.post(path, body, idempotency_key=idempotency_key)
        )

    async def lease(self, project: str, *, hold: int = 1, have: Sequence[str] = ()) -> list[Lease]:
        """As `Client.lease`."""
        return await self._run(lambda: self._client.lease(project, hold=hold, have=have))

    async def submit(
        self,
        project: str,
        lease: str,
        answer: Mapping[str, Any],
        *,
        active_ms: int = 0,
        hold: int = 0,
        have: Sequence[str] = (),
    ) -> Submitted:
        """As `Client.submit`."""
        return await self._run(
            lambda: self._client.submit(
                project, lease, answer, active_ms=active_ms, hold=hold, have=have
            )
        )

    async def _run(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - the call's own type
        async with self._turn:
            return await asyncio.to_thread(call)
