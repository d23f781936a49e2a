"""Asks the API of a stack that has just started."""

import asyncio
import time
from http import HTTPStatus

import httpx

from ignis.local.errors import StackError

_PATIENCE = 30  # seconds for the services to find each other
_POLL = 0.05  # seconds
_SHOWN = 300  # characters of an answer that nobody expected


def client(base_url: str) -> httpx.AsyncClient:
    """A client of the stack's own gateway, which no proxy stands before."""
    return httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=10)


async def settled(api: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer, once it is another than 503, or the last one after 30 s.

    Raises:
        StackError: when there is no answer.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            answer = await api.send(request)
        except httpx.HTTPError as error:
            raise StackError(f"{_name(request)} failed: {error!r}") from None
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            return answer
        await asyncio.sleep(_POLL)


def unexpected(answer: httpx.Response) -> StackError:
    """What to tell about an answer that the stack can't go on with."""
    return StackError(
        f"{_name(answer.request)} answered {answer.status_code} "
        f"({answer.text.strip()[:_SHOWN]}): the services' logs say more"
    )


async def healthy(base_url: str) -> None:
    """Wait until Ignis says that it can work: every server, and an executor.

    Raises:
        StackError: when it doesn't.
    """
    async with client(base_url) as api:
        answer = await settled(api, api.build_request("GET", "/health"))
        if answer.status_code != HTTPStatus.OK:
            raise unexpected(answer)


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"
