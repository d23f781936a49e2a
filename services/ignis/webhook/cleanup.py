"""Forgets deliveries that are older than the retention."""

import asyncio
from datetime import UTC, datetime

from ignis.errors import IgnisError
from ignis.server.logs import get_logger
from ignis.server.metrics import Metrics
from ignis.webhook.service import Deliveries

EVERY = 600.0  # seconds

log = get_logger()


async def forget_for_ever(deliveries: Deliveries, metrics: Metrics) -> None:
    """Forget what is old, again and again; a database that is away is asked again later."""
    forgotten = metrics.counter("deliveries_forgotten_total", "Deliveries removed for their age.")
    while True:
        try:
            forgotten.inc(await deliveries.forget_old(datetime.now(UTC)))
        except IgnisError as error:
            log.warning("old deliveries are still there", error=error.message)
        await asyncio.sleep(EVERY)
