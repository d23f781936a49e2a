"""Proves each language in the sandbox before it is offered."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ignis.executor.models import Job, Limits, ProgramFile, Report
from ignis.executor.service import Executor
from ignis.executor.toolchains import Toolchain
from ignis.server.logs import get_logger

LIMITS = Limits(
    wall_time_ms=10_000,
    cpu_time_ms=10_000,
    memory_kb=262_144,
    processes=64,
    output_bytes=65_536,
    file_bytes=67_108_864,
)

log = get_logger()


class SelfTests:
    """Runs self-tests, and remembers what passed."""

    def __init__(self, executor: Executor, data: Path, driver: str) -> None:
        self._executor = executor
        self._file = data / "self-tests.json"
        self._driver = driver
        self._passed: dict[str, str] = _read(self._file)

    async def passing(self, toolchains: Mapping[str, Toolchain]) -> dict[str, Toolchain]:
        """Those of the toolchains that work."""
        passing = {}
        for name, toolchain in toolchains.items():
            mark = self._mark(toolchain)
            if self._passed.get(name) == mark or await self._passes(toolchain):
                passing[name] = toolchain
                self._passed[name] = mark
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._passed))
        return passing

    async def _passes(self, toolchain: Toolchain) -> bool:
        test = toolchain.language.test
        report = await self._executor.execute(_job(toolchain))
        run = report.outcome.run
        if run is not None and run.exit_code == 0 and run.stdout == test.stdout.encode():
            return True
        log.warning("a self-test failed", language=toolchain.language.id, why=_why(report))
        return False

    def _mark(self, toolchain: Toolchain) -> str:
        """What a pass depends on: the language file, the program, and the sandbox."""
        parts = (
            self._driver,
            toolchain.language.model_dump_json(),
            toolchain.version,
            str(toolchain.program),
            *_stamp(toolchain),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def _stamp(toolchain: Toolchain) -> tuple[object, ...]:
    """What changes whenever the program does."""
    if toolchain.image:
        return (toolchain.image,)
    program = toolchain.program.stat()
    return program.st_mtime_ns, program.st_size


def _job(toolchain: Toolchain) -> Job:
    return Job(
        job_id="self-test",
        owner="",
        language=toolchain.language.id,
        language_version="",
        files=(ProgramFile("", toolchain.language.test.code.encode()),),
        stdin=b"",
        args=(),
        env={},
        compile_args=(),
        limits=LIMITS,
        labels={},
        created_at=datetime.now(UTC),
    )


def _why(report: Report) -> str:
    step = report.outcome.run or report.outcome.compile
    said = (step.stdout + step.stderr).decode(errors="replace")[-500:] if step else ""
    return f"{report.message} {said}"


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
