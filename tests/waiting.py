"""Waiting for a condition, instead of sleeping for luck."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 20.0  # seconds
POLL = 0.02  # seconds


async def until(
    condition: Callable[[], Awaitable[bool]] | Callable[[], bool], patience: float = PATIENCE
) -> None:
    """Wait until a condition holds, `patience` seconds at most."""
    async with asyncio.timeout(patience):
        while True:
            holds = condition()
            if not isinstance(holds, bool):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(POLL)
