"""What the executors offer, from their announcements and the language files."""

from collections.abc import Iterable, Mapping

from ignis.events.executors import ExecutorDirectory
from ignis.job.models import Offer, Window
from ignis.languages.models import Language
from ignis.languages.versions import newness, satisfies
from ignis.v1 import executor_pb2


class ExecutorOffers:
    """Implements `service.Offers` and `dispatcher.Windows`."""

    def __init__(
        self,
        directory: ExecutorDirectory,
        languages: Mapping[str, Language],
        per_slot: int,
        user_per_slot: int,
    ) -> None:
        self._directory = directory
        self._languages = languages
        self._per_slot = per_slot
        self._user_per_slot = user_per_slot

    def offered(self) -> list[Offer]:
        """What executors offer now, one for each language, version and pool."""
        return sorted(_offers(self._directory.alive()), key=lambda offer: offer.language)

    def find(self, name: str, version: str) -> Offer | None:
        """What is offered under an id or alias, or was in the last ten minutes.

        Of several versions it is the newest, of several pools always the same.
        """
        for executors in (self._directory.alive(), self._directory.recent()):
            for offer in _offers(executors):
                named = name == offer.language or name in offer.aliases
                if named and satisfies(version, offer.version):
                    return offer
        return None

    def language_id(self, name: str) -> str | None:
        """The id of a language, known by its file or by an executor."""
        for language in self._languages.values():
            if name == language.id or name in language.aliases:
                return language.id
        offer = self.find(name, "")
        return offer.language if offer else None

    def known(self) -> list[str]:
        """The ids of all languages."""
        return sorted(
            {offer.language for offer in _offers(self._directory.recent())} | set(self._languages)
        )

    def window(self, pool: str) -> Window:
        """A few jobs for each slot; for a pool without executors, as if it had one."""
        slots = sum(e.capacity for e in self._directory.alive() if e.pool == pool) or 1
        return Window(pool=slots * self._per_slot, user=slots * self._user_per_slot)


def _offers(executors: Iterable[executor_pb2.Executor]) -> list[Offer]:
    """Each offer once, newer versions first."""
    offers = {
        Offer(language.id, language.version, tuple(language.aliases), executor.pool)
        for executor in executors
        for language in executor.languages
    }
    by_name = sorted(offers, key=lambda offer: (offer.pool, offer.version, offer.aliases))
    return sorted(by_name, key=lambda offer: newness(offer.version), reverse=True)
