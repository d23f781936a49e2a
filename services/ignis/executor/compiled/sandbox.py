"""A sandbox that compiles the same program once."""

import asyncio
from dataclasses import replace

from ignis.executor.compiled.cache import CompileCache
from ignis.executor.compiled.entry import Entry, key_of
from ignis.executor.live import Live
from ignis.executor.models import Outcome, Output, Program, Stage, StepOutcome, Stream
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

    async def run(self, program: Program, live: Live | None = None) -> Outcome:
        """Run a program; whatever it does is an outcome, also that `live` cancelled it."""
        key = key_of(program, shared=self._shared)
        if not key:
            return await self._sandbox.run(program, live)
        found = await self._find(key)
        self._cache.counts(hit=found is not None)
        if found is not None:
            return await self._run_compiled(program, key, found, live)
        if key in self._compiling:  # and it took too long, or came to nothing
            return await self._sandbox.run(program, live)
        return await self._compile(program, key, live)

    async def _find(self, key: str) -> Entry | None:
        """What is kept, or will be in a moment: one job of many compiles."""
        if key not in self._compiling and (found := await self._cache.find(key)) is not None:
            return found
        compiling = self._compiling.get(key)
        if compiling is None:
            return None
        await asyncio.wait([compiling], timeout=self._most_wait)
        return compiling.result() if compiling.done() else None

    async def _run_compiled(
        self, program: Program, key: str, found: Entry, live: Live | None
    ) -> Outcome:
        if live:
            _tell(found.outcome, live)
        compiled = replace(program, files=(), compile=None, artefact=found.artefact)
        try:
            outcome = await self._sandbox.run(compiled, live)
        except Exception:
            # It may be the entry's fault: the next attempt compiles.
            await self._cache.forget(key)
            raise
        return replace(outcome, compile=replace(found.outcome, cached=True))

    async def _compile(self, program: Program, key: str, live: Live | None) -> Outcome:
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
            return await self._sandbox.run(wanted, live)
        finally:
            del self._compiling[key]
            if not waited_for.done():
                waited_for.set_result(None)
            if keeping:
                await asyncio.shield(keeping[0])


def _tell(compiled: StepOutcome, live: Live) -> None:
    """Let who listens hear the compiler, as if it ran now."""
    for stream, said in ((Stream.STDOUT, compiled.stdout), (Stream.STDERR, compiled.stderr)):
        if said:
            live.on_output(Output(Stage.COMPILE, stream, 0, said))
