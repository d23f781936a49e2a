"""Programs and outcomes as bytes: nested lists of length-prefixed fields."""

import struct
from collections.abc import Iterable

from ignis.executor.models import Limit, Limits, Program, ProgramFile, Step, StepOutcome
from ignis.executor.runner.frames import FrameError

_LENGTH = struct.Struct("!I")
_LIMITS = struct.Struct("!QQQQQQQ")
# Flags, exit code, signal, wall and CPU milliseconds, KiB, index of the limit.
_FIGURES = struct.Struct("!??hhddQb")
_LIMIT_ORDER = tuple(Limit)
_KEEP = struct.Struct("!Q")
_NONE = -1


def pack(fields: Iterable[bytes]) -> bytes:
    """Return the fields, each behind its length."""
    parts = []
    for value in fields:
        parts.append(_LENGTH.pack(len(value)))
        parts.append(value)
    return b"".join(parts)


def unpack(data: bytes) -> list[bytes]:
    """Return the fields of `pack`; raises FrameError when they don't add up."""
    fields = []
    offset = 0
    while offset < len(data):
        if offset + _LENGTH.size > len(data):
            raise FrameError("a field's length is cut off")
        (length,) = _LENGTH.unpack_from(data, offset)
        offset += _LENGTH.size
        if offset + length > len(data):
            raise FrameError("a field is cut off")
        fields.append(data[offset : offset + length])
        offset += length
    return fields


def encode_program(program: Program) -> bytes:
    """Return a program's bytes, for a PROGRAM frame; its artefact has a frame of its own."""
    files = pack(part for file in program.files for part in (_encode(file.name), file.content))
    compile_step = _encode_step(program.compile) if program.compile else b""
    keep = _KEEP.pack(program.keep_bytes)
    return pack((files, program.stdin, _encode_step(program.run), compile_step, keep))


def decode_program(data: bytes) -> Program:
    """Return the program of a PROGRAM frame."""
    files, stdin, run, compile_step, keep = unpack(data)
    parts = unpack(files)
    return Program(
        files=tuple(
            ProgramFile(_decode(name), content)
            for name, content in zip(parts[::2], parts[1::2], strict=True)
        ),
        run=_decode_step(run),
        compile=_decode_step(compile_step) if compile_step else None,
        stdin=stdin,
        keep_bytes=_KEEP.unpack(keep)[0],
    )


def encode_outcome(outcome: StepOutcome) -> bytes:
    """Return a step's outcome as bytes, for a COMPILED or RAN frame."""
    figures = _FIGURES.pack(
        outcome.stdout_truncated,
        outcome.stderr_truncated,
        _NONE if outcome.exit_code is None else outcome.exit_code,
        _NONE if outcome.signal is None else outcome.signal,
        outcome.wall_time_ms,
        outcome.cpu_time_ms,
        outcome.memory_kb,
        _NONE if outcome.limit is None else _LIMIT_ORDER.index(outcome.limit),
    )
    return pack((figures, outcome.stdout, outcome.stderr))


def decode_outcome(data: bytes) -> StepOutcome:
    """Return the outcome of a COMPILED or RAN frame."""
    figures, stdout, stderr = unpack(data)
    out_cut, err_cut, exit_code, signal, wall, cpu, memory, limit = _FIGURES.unpack(figures)
    return StepOutcome(
        stdout=stdout,
        stderr=stderr,
        stdout_truncated=out_cut,
        stderr_truncated=err_cut,
        exit_code=None if exit_code == _NONE else exit_code,
        signal=None if signal == _NONE else signal,
        wall_time_ms=wall,
        cpu_time_ms=cpu,
        memory_kb=memory,
        limit=None if limit == _NONE else _LIMIT_ORDER[limit],
    )


def _encode_step(step: Step) -> bytes:
    limits = step.limits
    return pack(
        (
            pack(map(_encode, step.argv)),
            pack(_encode(part) for pair in step.env.items() for part in pair),
            _LIMITS.pack(
                limits.wall_time_ms,
                limits.cpu_time_ms,
                limits.memory_kb,
                limits.processes,
                limits.output_bytes,
                limits.file_bytes,
                limits.open_files,
            ),
            _encode(step.path),
        )
    )


def _decode_step(data: bytes) -> Step:
    argv, env, limits, path = unpack(data)
    pairs = [_decode(part) for part in unpack(env)]
    return Step(
        argv=tuple(map(_decode, unpack(argv))),
        env=dict(zip(pairs[::2], pairs[1::2], strict=True)),
        limits=Limits(*_LIMITS.unpack(limits)),
        path=_decode(path),
    )


# Names and arguments travel as they are: one that no system call can take is
# found where it is used, and becomes the program's outcome.
def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
