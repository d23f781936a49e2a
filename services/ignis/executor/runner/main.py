"""Serves one job: reads it, writes its files, compiles, runs, reports."""

from ignis.executor.models import Program, ProgramFile, StepOutcome
from ignis.executor.runner import artefact, codec, frames, spawn
from ignis.executor.runner.artefact import ArtefactError
from ignis.executor.runner.channel import Channel
from ignis.executor.runner.files import FileError, write_files
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.identity import acting_as
from ignis.executor.runner.meters import meter_for
from ignis.executor.runner.place import BOX, OUTSIDE, Place
from ignis.executor.runner.step import Prepared, joining, not_started, run_step


def serve(channel: Channel, place: Place, prepared: Prepared) -> None:
    """Take the job from `channel` and answer on it; the caller ends the process then.

    `prepared` is what `step.prepare` made before the job arrived.
    """
    run(channel, receive(channel, place), place, prepared)


def receive(channel: Channel, place: Place) -> Program:
    """Wait for the job, and write what an earlier compile step left where that comes first.

    Raises FrameError when something else comes, or the end.
    """
    kind, length = frames.parse_header(frames.exactly(channel.recv, frames.HEADER.size))
    if kind is Kind.ARTEFACT:
        with acting_as(place.uid):
            artefact.restore(lambda size: frames.exactly(channel.recv, size), length, BOX)
        kind, length = frames.parse_header(frames.exactly(channel.recv, frames.HEADER.size))
    if kind is not Kind.PROGRAM:
        message = f"expected a program, got a frame of kind {kind.name}"
        raise frames.FrameError(message)
    return codec.decode_program(frames.exactly(channel.recv, length))


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
        failed = outcome.exit_code != 0 or outcome.limit
        if kind is Kind.COMPILED and program.keep_bytes and not failed:
            _keep(channel, place, program.keep_bytes)
        _report(channel, kind, outcome)
        if failed:
            return
        if kind is Kind.COMPILED:
            prepared = prepared._replace(ahead=spawn.fork_ahead(joining(place, 1)))


def _keep(channel: Channel, place: Place, most_bytes: int) -> None:
    """Send what the compile step left, unless it is more than what can be restored."""
    with acting_as(place.uid):
        try:
            entries = artefact.survey(BOX, most_bytes, OUTSIDE)
        except ArtefactError:
            return
        channel.sendall(frames.header(Kind.ARTEFACT, artefact.length(entries)))
        artefact.send(channel, BOX, entries)


def _check_size(files: tuple[ProgramFile, ...], limit: int) -> None:
    if sum(len(file.content) for file in files) > limit:
        message = f"the files can't be written: No space left within {limit} bytes"
        raise FileError(message)


def _report(channel: Channel, kind: Kind, outcome: StepOutcome) -> None:
    channel.sendall(frames.encode(kind, codec.encode_outcome(outcome)))
