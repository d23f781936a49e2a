"""Key management."""

from datetime import timedelta

import pytest
from tests.unit.auth.memory import Clock, MemoryKeys

from ignis.auth import keys
from ignis.auth.models import KeyChanges, KeyDraft
from ignis.auth.service import KeyService
from ignis.auth.validation import KeyRules
from ignis.errors import InvalidArgument, NotFound
from ignis.server.ids import new_id
from ignis.server.settings import Environment

RULES = KeyRules(frozenset({"jobs:read", "jobs:write"}), 100, 1000)


class Desk:
    """A service with its store and clock."""

    def __init__(self) -> None:
        self.store = MemoryKeys()
        self.clock = Clock()
        self.service = KeyService(self.store, RULES, Environment.PRODUCTION, now=self.clock.now)


@pytest.fixture(name="desk")
def desk_fixture() -> Desk:
    """A service without keys."""
    return Desk()


async def test_a_new_key_has_its_defaults(desk: Desk) -> None:
    """A key that only has a name gets scopes, limit and times, and is found by its secret."""
    key, secret = await desk.service.create("anna", KeyDraft("a"), "n")

    assert secret.startswith("ign_live_")
    assert secret.startswith(key.prefix)
    assert secret.endswith(key.last_four)
    assert (key.owner, key.name, key.scopes) == ("anna", "a", ("jobs:read", "jobs:write"))
    assert (
        key.rate_limit,
        key.is_active,
        key.expires_at,
        key.last_used_at,
    ) == (100, True, None, None)
    assert desk.clock.now() == key.created_at == key.updated_at
    assert key == await desk.store.by_digest(keys.digest(secret))


async def test_a_new_key_is_what_was_asked_for(desk: Desk) -> None:
    """Scopes, limit and expiry are taken as they come."""
    draft = KeyDraft("a", ("jobs:read",), 7, desk.clock.now() + timedelta(days=1))
    key, _ = await desk.service.create("anna", draft, "n")

    assert draft == KeyDraft(key.name, key.scopes, key.rate_limit, key.expires_at)


async def test_a_wrong_draft_makes_nothing(desk: Desk) -> None:
    """Nothing is stored of a request that is refused."""
    with pytest.raises(InvalidArgument):
        await desk.service.create("anna", KeyDraft(""), "n")

    assert desk.store.kept == {}


async def test_a_repeated_request_makes_one_key(desk: Desk) -> None:
    """The gateway's repetition is answered with the same key and a secret that works."""
    first, lost = await desk.service.create("anna", KeyDraft("a"), "n")
    again, secret = await desk.service.create("anna", KeyDraft("a"), "n")

    assert first.id == again.id
    assert len(desk.store.kept) == 1
    assert again == await desk.store.by_digest(keys.digest(secret))
    assert None is await desk.store.by_digest(keys.digest(lost))


async def test_pages_follow_each_other(desk: Desk) -> None:
    """Keys come newest first, each once, and the last page has no cursor."""
    made = [(await desk.service.create("anna", KeyDraft(f"{n}"), f"{n}"))[0] for n in range(5)]
    await desk.service.create("bert", KeyDraft("b"), "n")
    expected = sorted((key.id for key in made), reverse=True)

    seen: list[str] = []
    cursor, sizes = "", []
    while True:
        page = await desk.service.page("anna", 2, cursor)
        seen += [key.id for key in page.keys]
        sizes.append(len(page.keys))
        cursor = page.next_cursor
        if not cursor:
            break
    assert expected == seen
    assert sizes == [2, 2, 1]


async def test_a_full_last_page_has_no_cursor(desk: Desk) -> None:
    """A page that ends with the last key says so."""
    for n in range(2):
        await desk.service.create("anna", KeyDraft("a"), f"{n}")

    assert (await desk.service.page("anna", 2, "")).next_cursor == ""


async def test_an_update_changes_what_is_given(desk: Desk) -> None:
    """Other fields stay, and updated_at moves."""
    key, _ = await desk.service.create("anna", KeyDraft("a"), "n")
    desk.clock.seconds += 5
    changed = await desk.service.update("anna", key.id, KeyChanges(is_active=False))

    assert (changed.is_active, changed.name, changed.rate_limit) == (False, "a", 100)
    assert desk.clock.now() == changed.updated_at
    assert key.created_at == changed.created_at


async def test_an_empty_update_changes_nothing(desk: Desk) -> None:
    """Not even the time of the last change."""
    key, _ = await desk.service.create("anna", KeyDraft("a"), "n")
    desk.clock.seconds += 5

    assert key == await desk.service.update("anna", key.id, KeyChanges())


async def test_a_deleted_key_is_gone(desk: Desk) -> None:
    """It is neither found nor deleted again."""
    key, _ = await desk.service.create("anna", KeyDraft("a"), "n")
    await desk.service.delete("anna", key.id)

    with pytest.raises(NotFound):
        await desk.service.get("anna", key.id)
    with pytest.raises(NotFound):
        await desk.service.delete("anna", key.id)


async def test_what_is_not_yours_is_not_found(desk: Desk) -> None:
    """Someone else's key, an unknown id and a malformed one are answered alike."""
    key, _ = await desk.service.create("anna", KeyDraft("a"), "n")
    told = set()
    for key_id in (key.id, new_id(), "x", "", key.id.lower(), "é" * 26):
        for call in (
            desk.service.get("bert", key_id),
            desk.service.update("bert", key_id, KeyChanges(name="b")),
            desk.service.update("bert", key_id, KeyChanges()),
            desk.service.delete("bert", key_id),
        ):
            with pytest.raises(NotFound) as error:
                await call
            told.add((error.value.reason, error.value.message))

    assert len(told) == 1
    assert key == await desk.service.get("anna", key.id)
