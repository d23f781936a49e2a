"""What the tests of the whole share: a running stack, and clients of two people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.people import token_of
from tests.e2e.stack import shared_stack

TIMEOUT = 90.0  # seconds; `wait` may take 60


@dataclass(frozen=True, slots=True)
class Running:
    """A stack that runs."""

    data: Path
    facts: dict[str, Any]  # dev.json


@pytest.fixture(scope="session", name="stack")
def stack_fixture(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Running]:
    """The stack that all these tests share; none of them may harm it."""
    base = tmp_path_factory.getbasetemp()
    with shared_stack(base if worker_id == "master" else base.parent) as data:
        yield Running(data, json.loads((data / "dev.json").read_text("utf-8")))


@pytest.fixture(name="anybody")
def anybody_fixture(stack: Running) -> Iterator[httpx.Client]:
    """A client without a credential."""
    with httpx.Client(base_url=stack.facts["base_url"], timeout=TIMEOUT) as client:
        yield client


@pytest.fixture(name="api")
def api_fixture(anybody: httpx.Client, stack: Running) -> httpx.Client:
    """A client with the stack's API key."""
    anybody.headers["x-api-key"] = stack.facts["api_key"]
    return anybody


@pytest.fixture(name="person")
def person_fixture(stack: Running) -> Iterator[httpx.Client]:
    """A client with the stack's session, of the key's owner."""
    with _session(stack, stack.facts["user_token"]) as client:
        yield client


@pytest.fixture(name="stranger")
def stranger_fixture(stack: Running) -> Iterator[httpx.Client]:
    """A client with the session of somebody else."""
    with _session(
        stack, token_of(stack.data, stack.facts["user_token"], "user_stranger")
    ) as client:
        yield client


def _session(stack: Running, token: str) -> httpx.Client:
    return httpx.Client(
        base_url=stack.facts["base_url"],
        timeout=TIMEOUT,
        headers={"authorization": f"Bearer {token}"},
    )
