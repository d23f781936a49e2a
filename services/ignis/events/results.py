"""What a program did, as the services that read events know it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompileResult:
    """What the compile step did."""

    stdout: bytes
    stderr: bytes
    exit_code: int | None
    duration_ms: float
    cached: bool = False  # all of this is of an earlier job with the same inputs


@dataclass(frozen=True, slots=True)
class Result:
    """What the program did; the figures are None when it never ran.

    Who reads it without its outputs has None for `stdout`, `stderr` and `compile`.
    """

    stdout: bytes | None = b""
    stderr: bytes | None = b""
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    exit_code: int | None = None
    signal: int | None = None
    exec_duration_ms: float | None = None
    cpu_time_ms: float | None = None
    memory_kb: int | None = None
    compile: CompileResult | None = None
