"""Programs and outcomes as bytes."""

import pytest

from ignis.executor.models import Limit, Limits, Program, ProgramFile, Step, StepOutcome
from ignis.executor.runner import codec
from ignis.executor.runner.frames import FrameError

LIMITS = Limits(1, 2, 3, 4, 5, 6, 7)
STEP = Step(("a", "", "ä\udc80\0"), {"A": "", "B": "="}, LIMITS)


@pytest.mark.parametrize(
    "program",
    [
        Program(files=(), run=STEP),
        Program(
            files=(ProgramFile("a/b c", b"\0\xff"), ProgramFile("", b"")),
            run=STEP,
            compile=Step((), {}, LIMITS),
            stdin=b"in",
        ),
    ],
)
def test_program(program: Program) -> None:
    """A program comes back as it was."""
    assert program == codec.decode_program(codec.encode_program(program))


@pytest.mark.parametrize("limit", [None, *Limit])
@pytest.mark.parametrize(("code", "signal"), [(0, None), (255, None), (None, 9), (None, None)])
def test_outcome(limit: Limit | None, code: int | None, signal: int | None) -> None:
    """An outcome comes back as it was."""
    outcome = StepOutcome(b"o\0", b"", True, False, code, signal, 1.5, 2.25, 1 << 40, limit)

    assert outcome == codec.decode_outcome(codec.encode_outcome(outcome))


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_cut_off(cut: int) -> None:
    """Fields that don't add up are an error."""
    with pytest.raises(FrameError, match="cut off"):
        codec.unpack(codec.pack([b"abc"])[:cut])
