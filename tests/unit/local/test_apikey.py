"""The stack's key is kept as long as it works."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from ignis.local import apikey, rest
from ignis.local.apikey import working_key
from ignis.local.errors import StackError

BASE = "http://127.0.0.1:8080"


class Api:
    """An API in memory: the keys that work, and every request that came."""

    def __init__(self, *keys: str, trouble: int = 0) -> None:
        self.keys = set(keys)
        self.requests: list[httpx.Request] = []
        self.trouble = trouble  # so many answers are 503 before the first real one

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.requests.append(request)
        if self.trouble:
            self.trouble -= 1
            return httpx.Response(503)
        if request.method == "POST":
            self.keys.add("ign_new")
            return httpx.Response(201, json={"data": {"key": "ign_new"}})
        works = request.headers["x-api-key"] in self.keys
        return httpx.Response(200 if works else 401)


@pytest.fixture(name="serve")
def _serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Api], None]:
    def serve(api: Api) -> None:
        def client(base_url: str) -> httpx.AsyncClient:
            return httpx.AsyncClient(base_url=base_url, transport=httpx.MockTransport(api))

        monkeypatch.setattr(apikey, "client", client)
        monkeypatch.setattr(rest, "_POLL", 0)

    return serve


async def test_the_first_key_is_made_and_kept(tmp_path: Path, serve: Callable[[Api], None]) -> None:
    """It is asked for with the user's session and the highest limit, and kept privately."""
    api = Api()
    serve(api)

    assert await working_key(BASE, "session", tmp_path / "api_key") == "ign_new"

    (request,) = api.requests
    assert request.headers["authorization"] == "Bearer session"
    assert b'"rate_limit":1000000' in request.content.replace(b" ", b"")
    assert (tmp_path / "api_key").stat().st_mode & 0o777 == 0o600


async def test_a_key_that_works_is_used_again(tmp_path: Path, serve: Callable[[Api], None]) -> None:
    """The next start makes no other."""
    api = Api("ign_old")
    serve(api)
    (tmp_path / "api_key").write_text("ign_old", encoding="utf-8")

    assert await working_key(BASE, "session", tmp_path / "api_key") == "ign_old"

    assert [request.url.path for request in api.requests] == ["/api/v1/public/status"]


async def test_a_key_that_was_removed_is_replaced(
    tmp_path: Path, serve: Callable[[Api], None]
) -> None:
    """A database that began anew, or a deleted key, is no reason to fail."""
    serve(Api("ign_another"))
    path = tmp_path / "api_key"
    path.write_text("ign_old", encoding="utf-8")

    assert await working_key(BASE, "session", path) == "ign_new"
    assert path.read_text(encoding="utf-8") == "ign_new"


async def test_an_api_that_is_just_starting_is_waited_for(
    tmp_path: Path, serve: Callable[[Api], None]
) -> None:
    """503 is asked again."""
    serve(Api(trouble=3))

    assert await working_key(BASE, "session", tmp_path / "api_key") == "ign_new"


async def test_another_answer_is_told(tmp_path: Path, serve: Callable[[Api], None]) -> None:
    """What the stack can't go on with is shown with the answer."""

    class Broken(Api):
        def __call__(self, _: httpx.Request) -> httpx.Response:
            return httpx.Response(500, text="it broke")

    serve(Broken())

    with pytest.raises(StackError, match=r"POST /api/v1/api-keys answered 500 \(it broke\)"):
        await working_key(BASE, "session", tmp_path / "api_key")
