"""Serves one job: reads it, writes its files, compiles, runs, reports."""

from ignis.executor.models import Program, ProgramFile, StepOutcome
from ignis.executor.runner import codec, frames, spawn
from ignis.executor.runner.channel import Channel
from ignis.executor.runner.files import FileError, write_files
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.identity import acting_as
from ignis.executor.runner.meters import meter_for
from ignis.executor.runner.place import BOX, Place
from ignis.executor.runner.step import Prepared, joining, not_started, run_step


def serve(channel: Channel, place: Place, prepared: Prepared) -> None:
    """Take the job from `channel` and answer on it; the caller ends the process then.

    `prepared` is what `step.prepare` made before the job arrived.
    """
    run(channel, receive(channel), place, prepared)


def receive(channel: Channel) -> Program:
    """Wait for the job; raises FrameError when something else comes, or the end."""
    kind, payload = frames.read(channel.recv)
    if kind is not Kind.PROGRAM:
        message = f"expected a program, got a frame of kind {kind.name}"
        raise frames.FrameError(message)
    return codec.decode_program(payload)


def run(channel: Channel, program: Program, place: Place, prepared: Prepared) -> None:
    """Run the job and answer on `channel`."""
    _run(channel, program, place, prepared)
    channel.sendall(frames.encode(Kind.END))


def _run(channel: Channel, program: Program, place: Place, prepared: Prepared) -> None:
    steps = [step for step in (program.compile, program.run) if step]
    kinds = [Kind.COMPILED, Kind.RAN][-len(steps) :]
    groups = (place.groups or (None, None))[: len(steps)]
    try:
        _check_size(program.files, max(step.limits.file_bytes for step in steps))
        with acting_as(place.uid):
            write_files(BOX, program.files)
    except FileError as error:
        _report(channel, kinds[0], not_started(str(error)))
        return
    for step, kind, group in zip(steps, kinds, groups, strict=True):
        stdin = program.stdin if kind is Kind.RAN else b""
        meter = meter_for(group, step.limits, place.shared)
        outcome = run_step(step, stdin, place, meter, prepared, channel)
        _report(channel, kind, outcome)
        if outcome.exit_code != 0 or outcome.limit:
            return
        if kind is Kind.COMPILED:
            prepared = prepared._replace(ahead=spawn.fork_ahead(joining(place, 1)))


def _check_size(files: tuple[ProgramFile, ...], limit: int) -> None:
    if sum(len(file.content) for file in files) > limit:
        message = f"the files can't be written: No space left within {limit} bytes"
        raise FileError(message)


def _report(channel: Channel, kind: Kind, outcome: StepOutcome) -> None:
    channel.sendall(frames.encode(kind, codec.encode_outcome(outcome)))
