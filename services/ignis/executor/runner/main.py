"""Serves one job: reads it, writes its files, compiles, runs, reports."""

import socket

from ignis.executor.models import Program, StepOutcome
from ignis.executor.runner import codec, frames, spawn
from ignis.executor.runner.files import FileError, write_files
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.identity import acting_as
from ignis.executor.runner.meters import meter_for
from ignis.executor.runner.place import BOX, Place
from ignis.executor.runner.step import Prepared, not_started, run_step


def serve(channel: socket.socket, place: Place, prepared: Prepared) -> None:
    """Take the job from `channel` and answer on it; the caller ends the process then.

    `prepared` is what `step.prepare` made before the job arrived.
    """
    kind, payload = frames.read(channel.recv)
    if kind is not Kind.PROGRAM:
        message = f"expected a program, got a frame of kind {kind.name}"
        raise frames.FrameError(message)
    _run(channel, codec.decode_program(payload), place, prepared)
    channel.sendall(frames.encode(Kind.END))


def _run(channel: socket.socket, program: Program, place: Place, prepared: Prepared) -> None:
    steps = [step for step in (program.compile, program.run) if step]
    kinds = [Kind.COMPILED, Kind.RAN][-len(steps) :]
    groups = (place.groups or (None, None))[-len(steps) :]
    try:
        with acting_as(place.uid):
            write_files(BOX, program.files)
    except FileError as error:
        _report(channel, kinds[0], not_started(str(error)))
        return
    for step, kind, group in zip(steps, kinds, groups, strict=True):
        stdin = program.stdin if kind is Kind.RAN else b""
        outcome = run_step(step, stdin, place, meter_for(group, step.limits), prepared)
        _report(channel, kind, outcome)
        if outcome.exit_code != 0 or outcome.limit:
            return
        if kind is Kind.COMPILED:
            prepared = prepared._replace(ahead=spawn.fork_ahead())


def _report(channel: socket.socket, kind: Kind, outcome: StepOutcome) -> None:
    channel.sendall(frames.encode(kind, codec.encode_outcome(outcome)))
