"""Runs one step within its limits, and tells what it did."""

import os
import select
import signal
import time
from typing import NamedTuple

from ignis.executor.models import Limit, Limits, Step, StepOutcome
from ignis.executor.runner import reaper, spawn
from ignis.executor.runner.channel import Channel
from ignis.executor.runner.disk import Disk
from ignis.executor.runner.meters import Meter
from ignis.executor.runner.place import Group, Place
from ignis.executor.runner.streams import Capture, Feed
from ignis.executor.runner.traffic import Traffic

_MIN_CHECK_MS = 2.0
_CPUS = len(os.sched_getaffinity(0))


class Prepared(NamedTuple):
    """What a step needs and its program doesn't change: made before the job arrives."""

    wake: int  # of `reaper.wake_on_death`
    ahead: spawn.Ahead


def prepare(place: Place) -> Prepared:
    """Prepare the first step, whichever it is: it has the first group."""
    return Prepared(reaper.wake_on_death(), spawn.fork_ahead(joining(place, 0)))


def joining(place: Place, number: int) -> Group | None:
    """Return the cgroup of a job's step `number`, counted from 0, if there is one."""
    return place.groups[number] if place.groups else None


def run_step(
    step: Step, stdin: bytes, place: Place, meter: Meter, prepared: Prepared, channel: Channel
) -> StepOutcome:
    """Run `step` to its end, its first limit, or the wish of who is on `channel`.

    Leaves none of its processes. The outcome has the output that was not sent
    while it ran.
    """
    # A short program has ended before it can be read again. What the copy of the
    # runner needs to become the program counts with it.
    before_ms = meter.before_ms()
    try:
        started = spawn.start(prepared.ahead, step, place)
    except spawn.StartError as error:
        return not_started(str(error))
    disk = Disk(place.folders, step.limits.file_bytes)
    running = _Running(step.limits, stdin, meter, disk, prepared.wake, started, channel, before_ms)
    return running.outcome()


def not_started(reason: str) -> StepOutcome:
    """Return the outcome of a step that never ran; `reason` is its stderr."""
    return StepOutcome(
        stdout=b"",
        stderr=reason.encode("utf-8", "backslashreplace") + b"\n",
        stdout_truncated=False,
        stderr_truncated=False,
        exit_code=None,
        signal=None,
        wall_time_ms=0.0,
        cpu_time_ms=0.0,
        memory_kb=0,
    )


class _Running:
    """One step while it runs."""

    def __init__(
        self,
        limits: Limits,
        stdin: bytes,
        meter: Meter,
        disk: Disk,
        wake: int,
        started: spawn.Started,
        channel: Channel,
        before_ms: float,
    ) -> None:
        self._limits = limits
        self._meter = meter
        self._disk = disk
        self._disk_full = False
        self._wake = wake
        self._pid = started.pid
        self._begun = started.begun
        self._stdout = Capture(started.stdout, limits.output_bytes)
        self._stderr = Capture(started.stderr, limits.output_bytes)
        self._traffic = Traffic(channel, (self._stdout, self._stderr))
        self._feed = Feed(started.stdin, stdin)
        self._status: int | None = None
        self._before_ms = before_ms

    def outcome(self) -> StepOutcome:
        """Watch the step until it ends or must, and clear away what is left."""
        poll = self._poll()
        limit = None
        while limit is None and self._status is None and not self._must_end():
            self._serve(poll, self._check_in_ms())
            limit = self._exceeded()
            self._disk_full = self._disk.full()
        wall_ms = self._wall_ms()
        self._note(reaper.kill_all())
        self._disk_full = self._disk_full or self._disk.full()
        self._feed.close()
        self._traffic.finish()
        stdout, stderr = self._stdout.finish(), self._stderr.finish()
        cpu_ms = self._cpu_ms()
        limit = self._name(limit, cpu_ms, wall_ms)
        code = os.waitstatus_to_exitcode(self._status or 0)
        if self._disk_full and limit is None:
            code = -signal.SIGXFSZ  # as the kernel ends a program for one file that is too large
        return StepOutcome(
            stdout=stdout,
            stderr=stderr,
            stdout_truncated=self._stdout.truncated,
            stderr_truncated=self._stderr.truncated,
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            wall_time_ms=wall_ms,
            cpu_time_ms=cpu_ms,
            memory_kb=self._meter.peak_kb(),
            limit=limit,
        )

    def _poll(self) -> select.poll:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for capture in (self._stdout, self._stderr):
            poll.register(capture.fd, select.POLLIN)
        if self._feed.open:
            poll.register(self._feed.fd, select.POLLOUT)
        self._traffic.register(poll)
        return poll

    def _serve(self, poll: select.poll, timeout_ms: float) -> None:
        for fd, event in poll.poll(timeout_ms):
            if fd == self._wake:
                reaper.clear(self._wake)
                self._note(reaper.collect())
            elif fd == self._feed.fd:
                self._feed.write()
                if not self._feed.open:
                    poll.unregister(fd)
            elif self._traffic.hears(fd):
                self._traffic.hear(fd, event)
            else:
                capture = self._stdout if fd == self._stdout.fd else self._stderr
                capture.read()
                if not capture.open:
                    poll.unregister(fd)
        self._traffic.flush(poll)

    def _must_end(self) -> bool:
        return self._disk_full or self._traffic.stopped

    def _note(self, ended: dict[int, reaper.Ended]) -> None:
        for pid, (status, usage) in ended.items():
            self._meter.reaped(usage)
            if pid == self._pid:
                self._status = status

    def _wall_ms(self) -> float:
        return (time.monotonic() - self._begun) * 1e3

    def _cpu_ms(self) -> float:
        return max(self._meter.cpu_ms() - self._before_ms, 0.0)

    def _check_in_ms(self) -> float:
        """Return how long nothing can have gone wrong: all CPUs at work at once."""
        cpu_left = (self._limits.cpu_time_ms - self._cpu_ms()) / _CPUS
        wall_left = self._limits.wall_time_ms - self._wall_ms()
        quiet = min(wall_left, cpu_left, self._meter.tick_ms, self._traffic.wait_ms())
        return max(quiet, _MIN_CHECK_MS)

    def _exceeded(self) -> Limit | None:
        if self._stdout.truncated or self._stderr.truncated:
            return Limit.OUTPUT
        if self._wall_ms() > self._limits.wall_time_ms:
            return Limit.WALL_TIME
        if self._cpu_ms() > self._limits.cpu_time_ms:
            return Limit.CPU_TIME
        if self._meter.out_of_memory():
            return Limit.MEMORY
        return None

    def _name(self, limit: Limit | None, cpu_ms: float, wall_ms: float) -> Limit | None:
        """Return the limit to blame, now that everything is known.

        Memory comes first, since the kernel kills before the runner looks.
        A program that ran out of time while its forks were refused ran out
        of processes first: that is what its author has to know.
        """
        failed = self._status != 0
        if failed and limit in (None, Limit.MEMORY) and self._meter.out_of_memory():
            return Limit.MEMORY
        if self._stdout.truncated or self._stderr.truncated:
            return Limit.OUTPUT
        if limit is None and wall_ms > self._limits.wall_time_ms:
            limit = Limit.WALL_TIME
        elif limit is None and cpu_ms > self._limits.cpu_time_ms:
            limit = Limit.CPU_TIME
        timed_out = limit in (Limit.WALL_TIME, Limit.CPU_TIME)
        if (timed_out or (failed and limit is None)) and self._meter.fork_refused():
            return Limit.PROCESSES
        return limit
