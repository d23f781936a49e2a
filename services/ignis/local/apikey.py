"""The stack's own API key: made through the REST API, kept in the data folder."""

import asyncio
import time
from http import HTTPStatus
from pathlib import Path

import httpx

from ignis.local.errors import StackError
from ignis.local.files import write_private

RATE_LIMIT = 1_000_000  # requests a minute: the most that a key can have
_NAME = "make run"
_PATIENCE = 30  # seconds for the gateway to find its services healthy
_POLL = 0.1  # seconds
_SHOWN = 300  # characters of an answer that nobody expected
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


async def working_key(base_url: str, token: str, path: Path) -> str:
    """The key in a file, when it still works; else a new one, which is then kept there.

    Args:
        base_url: the gateway.
        token: a session of the user that the key is to belong to.
        path: the file.

    Raises:
        StackError: when the API makes no key.
    """
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=10) as client:
        kept = _read(path)
        if kept and await _works(client, kept):
            return kept
        key = await _make(client, token)
        write_private(path, key)
        return key


async def _works(client: httpx.AsyncClient, key: str) -> bool:
    request = client.build_request("GET", "/api/v1/public/status", headers={"X-API-Key": key})
    answer = await _settled(client, request)
    if answer.status_code not in {HTTPStatus.OK, *_REFUSED}:
        raise _unexpected(request, answer)
    return answer.status_code == HTTPStatus.OK


async def _make(client: httpx.AsyncClient, token: str) -> str:
    request = client.build_request(
        "POST",
        "/api/v1/api-keys",
        headers={"Authorization": f"Bearer {token}"},
        json={"name": _NAME, "rate_limit": RATE_LIMIT},
    )
    answer = await _settled(client, request)
    if answer.status_code != HTTPStatus.CREATED:
        raise _unexpected(request, answer)
    return str(answer.json()["data"]["key"])


async def _settled(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer, once it is another than 503: the gateway has just begun to ask for health."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            answer = await client.send(request)
        except httpx.HTTPError as error:
            raise StackError(f"{_name(request)} failed: {error!r}") from None
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            return answer
        await asyncio.sleep(_POLL)


def _unexpected(request: httpx.Request, answer: httpx.Response) -> StackError:
    return StackError(
        f"{_name(request)} answered {answer.status_code} ({answer.text.strip()[:_SHOWN]}): "
        "envoy.log and auth.log say more"
    )


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
