"""Removes what executors left that died."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from ignis.executor.sandbox.docker import owner
from ignis.executor.sandbox.docker.engine import Engine
from ignis.executor.sandbox.errors import SandboxError

_OVER = ("exited", "dead")
_PAUSE_SECONDS = 0.05
_GONE_SECONDS = 20.0
_SETTLED_SECONDS = 600  # what nobody uses after this never will be used


async def sweep(engine: Engine) -> None:
    """Remove containers, networks and images with our labels that nobody needs.

    A container that has ended is litter whoever made it. What others' living
    executors use, the engine itself refuses to remove.
    """
    query = {"label": owner.EXECUTOR}
    containers = await engine.call(engine.client.containers, all=True, filters=query)
    for container in containers:
        stillborn = container["State"] == "created" and _is_old(container)
        over = container["State"] in _OVER or stillborn
        if over or owner.is_dead(container["Labels"]):
            await engine.remove(container["Id"])
    networks = await engine.call(engine.client.networks, filters=query)
    for network in networks:
        if owner.is_dead(network["Labels"]):
            await remove_network(engine, network["Id"])
    images = await engine.call(engine.client.images, all=True, filters=query)
    for image in images:
        if owner.is_dead(image["Labels"]) or _is_old(image):
            await remove_image(engine, image["Id"])


async def until_none(engine: Engine, labels: Mapping[str, str]) -> None:
    """Wait until the engine, which removes in the background, has none of an owner's containers."""
    query = {"label": f"{owner.EXECUTOR}={labels[owner.EXECUTOR]}"}
    deadline = time.monotonic() + _GONE_SECONDS
    while left := await engine.call(engine.client.containers, all=True, filters=query):
        if time.monotonic() > deadline:
            raise SandboxError(f"containers could not be removed: {[one['Id'] for one in left]}")
        for container in left:
            await engine.remove(container["Id"])
        await asyncio.sleep(_PAUSE_SECONDS)


async def remove_network(engine: Engine, network: str) -> None:
    """Remove a network unless a container uses it."""
    try:
        await engine.call(engine.client.remove_network, network)
    except SandboxError:
        return


async def remove_image(engine: Engine, image: str) -> None:
    """Remove an image unless a container uses it."""
    try:
        await engine.call(engine.client.remove_image, image)
    except SandboxError:
        return


def _is_old(found: dict[str, Any]) -> bool:
    return bool(time.time() - found["Created"] > _SETTLED_SECONDS)
