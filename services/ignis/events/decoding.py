"""Reads the parts of an event that several services read."""

from ignis.events.results import CompileResult, Result
from ignis.v1 import events_pb2


def read_result(result: events_pb2.JobResult) -> Result:
    """Read what a program did."""
    return Result(
        stdout=result.stdout,
        stderr=result.stderr,
        stdout_truncated=result.stdout_truncated,
        stderr_truncated=result.stderr_truncated,
        exit_code=result.exit_code if result.HasField("exit_code") else None,
        signal=result.signal if result.HasField("signal") else None,
        exec_duration_ms=result.exec_duration_ms if result.HasField("exec_duration_ms") else None,
        cpu_time_ms=result.cpu_time_ms if result.HasField("cpu_time_ms") else None,
        memory_kb=result.memory_kb if result.HasField("memory_kb") else None,
        compile=read_compile(result.compile) if result.HasField("compile") else None,
    )


def read_compile(output: events_pb2.CompileOutput) -> CompileResult:
    """Read what a compile step did."""
    return CompileResult(
        stdout=output.stdout,
        stderr=output.stderr,
        exit_code=output.exit_code if output.HasField("exit_code") else None,
        duration_ms=output.duration_ms,
        cached=output.cached,
    )
