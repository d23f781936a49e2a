"""A sandbox that compiles the same program once."""

import asyncio
from dataclasses import replace

from ignis.executor.compiled.cache import CompileCache
from ignis.executor.compiled.entry import Entry, key_of
from ignis.executor.models import Outcome, Program, StepOutcome
from ignis.executor.service import Sandbox

# The longest that a job waits for another's compiler; its slot does nothing meanwhile.
MOST_WAIT_SECONDS = 5.0


class CachingSandbox:
    """Runs programs in another sandbox, without their compile step where its result is known."""

    def __init__(
        self,
        sandbox: Sandbox,
        cache: CompileCache,
        *,
        shared: bool = False,
        most_wait: float = MOST_WAIT_SECONDS,
    ) -> None:
        """Use `sandbox` and `cache`; `shared` makes no difference between owners."""
        self._sandbox = sandbox
        self._cache = cache
        self._shared = shared
        self._most_wait = most_wait
        self._compiling: dict[str, asyncio.Future[Entry | None]] = {}

    async def run(self, program: Program) -> Outcome:
        """Run a program; whatever it does is an outcome."""
        key = key_of(program, shared=self._shared)
        if not key:
            return await self._sandbox.run(program)
        found = await self._find(key)
        self._cache.counts(hit=found is not None)
        if found is not None:
            return await self._run_compiled(program, key, found)
        if key in self._compiling:  # and it took too long, or came to nothing
            return await self._sandbox.run(program)
        return await self._compile(program, key)

    async def _find(self, key: str) -> Entry | None:
        """What is kept, or will be in a moment: one job of many compiles."""
        if key not in self._compiling and (found := await self._cache.find(key)) is not None:
            return found
        compiling = self._compiling.get(key)
        if compiling is None:
            return None
        await asyncio.wait([compiling], timeout=self._most_wait)
        return compiling.result() if compiling.done() else None

    async def _run_compiled(self, program: Program, key: str, found: Entry) -> Outcome:
        compiled = replace(program, files=(), compile=None, artefact=found.artefact)
        try:
            outcome = await self._sandbox.run(compiled)
        except Exception:
            # It may be the entry's fault: the next attempt compiles.
            await self._cache.forget(key)
            raise
        return replace(outcome, compile=replace(found.outcome, cached=True))

    async def _compile(self, program: Program, key: str) -> Outcome:
        """Run a program with its compile step; those that wait get the result before it ends."""
        waited_for: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()
        self._compiling[key] = waited_for
        keeping: list[asyncio.Task[None]] = []

        def kept(outcome: StepOutcome, artefact: bytes) -> None:
            entry = Entry(outcome, artefact) if artefact else None
            waited_for.set_result(entry)
            if entry:
                keeping.append(asyncio.create_task(self._cache.keep(key, entry)))

        try:
            wanted = replace(program, keep_bytes=self._cache.most_entry_bytes, kept=kept)
            return await self._sandbox.run(wanted)
        finally:
            del self._compiling[key]
            if not waited_for.done():
                waited_for.set_result(None)
            if keeping:
                await asyncio.shield(keeping[0])
