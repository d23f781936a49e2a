"""The stack's own API key: made through the REST API, kept in the data folder."""

from http import HTTPStatus
from pathlib import Path

import httpx

from ignis.local.files import write_private
from ignis.local.rest import client, settled, unexpected

RATE_LIMIT = 1_000_000  # requests a minute: the most that a key can have
_NAME = "make run"
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
    async with client(base_url) as api:
        kept = _read(path)
        if kept and await _works(api, kept):
            return kept
        key = await _make(api, token)
        write_private(path, key)
        return key


async def _works(api: httpx.AsyncClient, key: str) -> bool:
    request = api.build_request("GET", "/api/v1/public/status", headers={"X-API-Key": key})
    answer = await settled(api, request)
    if answer.status_code not in {HTTPStatus.OK, *_REFUSED}:
        raise unexpected(answer)
    return answer.status_code == HTTPStatus.OK


async def _make(api: httpx.AsyncClient, token: str) -> str:
    request = api.build_request(
        "POST",
        "/api/v1/api-keys",
        headers={"Authorization": f"Bearer {token}"},
        json={"name": _NAME, "rate_limit": RATE_LIMIT},
    )
    answer = await settled(api, request)
    if answer.status_code != HTTPStatus.CREATED:
        raise unexpected(answer)
    return str(answer.json()["data"]["key"])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
