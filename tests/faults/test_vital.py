"""A background task that ends by itself ends the process: none is better than one that refuses."""

from __future__ import annotations

import asyncio
import socket

import pytest

from evenhand.app.serving import serve_socket
from evenhand.platform.errors import Unavailable
from evenhand.platform.migrations import AppLogin
from evenhand.platform.settings import Settings
from evenhand.transparency import LogService


@pytest.mark.parametrize("part", ["_stand", "_listen", "_look_up"])
async def test_the_process_ends_with_a_sentence(
    settings: Settings, login: AppLogin, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    async def broken(_: LogService) -> None:
        await asyncio.sleep(0.2)
        raise ZeroDivisionError("with content that must not be shown")

    monkeypatch.setattr(LogService, part, broken)
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        life = serve_socket(settings, login, listener, stop=asyncio.Event(), ready=asyncio.Event())
        with pytest.raises(Unavailable) as refused:
            await asyncio.wait_for(life, 20)
    assert "ZeroDivisionError" in refused.value.detail
    assert "content" not in refused.value.detail


async def test_a_stop_is_no_such_end(settings: Settings, login: AppLogin) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        life = asyncio.create_task(serve_socket(settings, login, listener, stop=stop, ready=ready))
        await asyncio.wait_for(ready.wait(), 20)
        stop.set()
        await asyncio.wait_for(life, 20)
