"""What a runner has said so far: its steps' outcomes, and what they print meanwhile."""

from collections.abc import Callable
from dataclasses import replace

from ignis.executor.models import Output, Program, Stage, StepOutcome, Stream
from ignis.executor.runner.frames import FrameError

_STREAMS = {1: Stream.STDOUT, 2: Stream.STDERR}


class Heard:
    """Keeps what comes, within the program's own limits, and passes output on."""

    def __init__(self, program: Program, on_output: Callable[[Output], None]) -> None:
        """Begin with nothing heard of `program`."""
        self.steps: dict[Stage, StepOutcome] = {}
        self._program = program
        self._on_output = on_output
        self._kept: dict[tuple[Stage, Stream], bytearray] = {}

    def printed(self, stage: Stage) -> tuple[bytes, bytes]:
        """Return what a step has printed so far: standard output and standard error."""
        return self._so_far(stage, Stream.STDOUT), self._so_far(stage, Stream.STDERR)

    def output(self, payload: bytes) -> None:
        """Take an OUTPUT frame; raises FrameError for what no runner sends."""
        stream = _STREAMS.get(payload[0]) if payload else None
        stage = self._running()
        if stream is None or stage is None or len(payload) == 1:
            raise FrameError("output that belongs to nothing")
        kept = self._kept.setdefault((stage, stream), bytearray())
        offset = len(kept)
        kept += memoryview(payload)[1:]
        step = self._program.compile if stage is Stage.COMPILE else self._program.run
        if step is None or len(kept) > step.limits.output_bytes:
            raise FrameError("more output than the limit allows")
        self._on_output(Output(stage, stream, offset, payload[1:]))

    def ended(self, stage: Stage, outcome: StepOutcome) -> None:
        """Take a step's outcome, which has the output that had not come before."""
        if self._kept:
            stdout, stderr = self.printed(stage)
            outcome = replace(
                outcome, stdout=stdout + outcome.stdout, stderr=stderr + outcome.stderr
            )
        self.steps[stage] = outcome

    def _running(self) -> Stage | None:
        if self._program.compile is not None and Stage.COMPILE not in self.steps:
            return Stage.COMPILE
        return None if Stage.RUN in self.steps else Stage.RUN

    def _so_far(self, stage: Stage, stream: Stream) -> bytes:
        return bytes(self._kept.get((stage, stream), b""))
