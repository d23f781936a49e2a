"""Finishing what must not be left half-way."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def outlast_cancel(ending: Coroutine[Any, Any, _T]) -> _T:
    """Finish `ending`; a cancellation meanwhile is obeyed afterwards."""
    task = asyncio.ensure_future(ending)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
    return task.result()
