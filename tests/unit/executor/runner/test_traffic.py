"""What passes between executor and runner while a program runs."""

import io
import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ignis.executor.runner import frames, traffic
from ignis.executor.runner.channel import Channel
from ignis.executor.runner.frames import Kind
from ignis.executor.runner.streams import Capture
from ignis.executor.runner.traffic import Traffic


class Step:
    """A step's two pipes, and the executor at the other end."""

    def __init__(self) -> None:
        self.executor, runner = socket.socketpair()
        self.executor.setblocking(False)
        self.poll = select.poll()
        fd = runner.detach()
        (out, self.stdout), (err, self.stderr) = os.pipe(), os.pipe()
        self.captures = (Capture(out, 1 << 20), Capture(err, 1 << 20))
        self.channel = Channel(fd, fd)
        self.traffic = Traffic(self.channel, self.captures)
        self.traffic.register(self.poll)

    def prints(self, data: bytes, fd: int | None = None) -> None:
        """Print, and have it captured and flushed."""
        os.write(self.stdout if fd is None else fd, data)
        for capture in self.captures:
            capture.read()
        self.traffic.flush(self.poll)

    def sent(self, before: bytes = b"") -> list[tuple[Kind, bytes]]:
        """Return the frames that have come, behind those in `before`."""
        with suppress(BlockingIOError):
            while True:
                before += self.executor.recv(1 << 20)
        everything, found = io.BytesIO(before), []
        while everything.tell() < len(before):
            found.append(frames.read(everything.read))
        return found


@pytest.fixture(name="step")
def step_fixture() -> Iterator[Step]:
    """A step that has printed nothing."""
    step = Step()
    yield step
    step.executor.close()
    for fd in (step.channel.reading, step.stdout, step.stderr, *(c.fd for c in step.captures)):
        os.close(fd)


def test_a_short_program_sends_nothing(step: Step) -> None:
    """What was printed just now waits, and is the outcome's."""
    step.prints(b"hello")

    assert [] == step.sent()
    assert 0 < step.traffic.wait_ms() <= traffic.FIRST_SECONDS * 1e3
    assert b"hello" == step.captures[0].finish()
    step.captures[0].fd, _ = os.pipe()


def test_it_is_sent_in_time(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first output is sent after a moment, more of it after a longer one, as one frame."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    step.prints(b"a")
    now += traffic.FIRST_SECONDS
    step.prints(b"b", step.stderr)
    assert [(Kind.OUTPUT, b"\1a"), (Kind.OUTPUT, b"\2b")] == step.sent()

    for _ in range(3):
        step.prints(b"c")
        now += traffic.FIRST_SECONDS
    assert [] == step.sent()
    now += traffic.NEXT_SECONDS
    step.traffic.flush(step.poll)

    assert [(Kind.OUTPUT, b"\1ccc")] == step.sent()
    assert float("inf") == step.traffic.wait_ms()


def test_much_is_sent_at_once(step: Step) -> None:
    """A flood waits for no clock, and comes in pieces of a bounded size."""
    step.prints(b"x" * (traffic.FULL + 5))

    assert [traffic.FULL + 1, 6] == [len(payload) for _, payload in step.sent()]


def test_nobody_waits_for_a_slow_executor(step: Step) -> None:
    """What the channel doesn't take stays with the runner, in order, and follows later."""
    data = os.urandom(700_000)
    for start in range(0, len(data), 50_000):
        step.prints(data[start : start + 50_000])
    assert step.captures[0].waiting > 0

    received = b""
    while step.captures[0].waiting or step.traffic._rest:
        received += step.executor.recv(1 << 16)
        step.traffic.flush(step.poll)
    assert data == b"".join(payload[1:] for _, payload in step.sent(received))


def test_a_frame_that_has_begun_is_finished(step: Step) -> None:
    """What follows a frame that was sent in part follows all of it."""
    while not step.traffic._rest:
        step.prints(b"y" * 60_000)
    step.executor.recv(1 << 20)
    step.traffic.finish()

    assert not step.traffic._rest


def test_the_wish_to_stop_is_heard(step: Step) -> None:
    """A STOP frame is heard, also in two parts."""
    stop = frames.encode(Kind.STOP)
    for part in (stop[:2], stop[2:]):
        assert not step.traffic.stopped
        step.executor.send(part)
        ((fd, event),) = step.poll.poll(1000)
        assert step.traffic.hears(fd)
        step.traffic.hear(fd, event)

    assert step.traffic.stopped


def test_nothing_else_is_expected(step: Step) -> None:
    """Another frame is an error."""
    step.executor.send(frames.encode(Kind.END))

    with pytest.raises(frames.FrameError):
        step.traffic.hear(step.channel.reading, select.POLLIN)


def test_without_an_executor_the_runner_ends(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left who wants to know."""

    def end(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr(os, "_exit", end)
    step.executor.close()
    ((fd, event),) = step.poll.poll(1000)

    with pytest.raises(SystemExit):
        step.traffic.hear(fd, event)
