"""What comes from a runner is put together."""

from dataclasses import replace

import pytest
from tests.integration.executor.sandbox.programs import command, limits

from ignis.executor.models import Output, Stage, Step, Stream
from ignis.executor.runner.frames import FrameError
from ignis.executor.runner.step import not_started
from ignis.executor.sandbox.heard import Heard

PROGRAM = replace(
    command("x", within=limits(output_bytes=4)), compile=Step(("make",), {}, limits())
)
ENDED = replace(not_started(""), exit_code=0, stdout=b"!", stderr=b"")


def test_output_belongs_to_a_step_and_a_stream() -> None:
    """Each piece is passed on with its place; an outcome has all of them, and its own rest."""
    passed: list[Output] = []
    heard = Heard(PROGRAM, passed.append)
    heard.output(b"\2warning")
    heard.ended(Stage.COMPILE, ENDED)
    heard.output(b"\1a")
    heard.output(b"\1bc")
    heard.ended(Stage.RUN, ENDED)

    assert [
        Output(Stage.COMPILE, Stream.STDERR, 0, b"warning"),
        Output(Stage.RUN, Stream.STDOUT, 0, b"a"),
        Output(Stage.RUN, Stream.STDOUT, 1, b"bc"),
    ] == passed
    assert (b"!", b"warning") == (
        heard.steps[Stage.COMPILE].stdout,
        heard.steps[Stage.COMPILE].stderr,
    )
    assert (b"abc!", b"") == (heard.steps[Stage.RUN].stdout, heard.steps[Stage.RUN].stderr)


@pytest.mark.parametrize("payload", [b"", b"\1", b"\0x", b"\3x", b"\1abcde"])
def test_what_no_runner_sends(payload: bytes) -> None:
    """Output of no stream, of no bytes, or of more than the limit is refused."""
    heard = Heard(PROGRAM, lambda _: None)
    heard.ended(Stage.COMPILE, ENDED)

    with pytest.raises(FrameError):
        heard.output(payload)


def test_output_after_the_end() -> None:
    """Nothing is printed by a step that has ended."""
    heard = Heard(PROGRAM, lambda _: None)
    heard.ended(Stage.COMPILE, ENDED)
    heard.ended(Stage.RUN, ENDED)

    with pytest.raises(FrameError):
        heard.output(b"\1x")
