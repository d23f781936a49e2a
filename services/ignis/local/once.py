"""Runs a command to its end, such as initdb."""

import asyncio
from collections.abc import Mapping, Sequence

from ignis.local.errors import StackError


async def run(
    name: str, argv: Sequence[str], env: Mapping[str, str], stdin: bytes | None = None
) -> str:
    """Run a command and return what it printed.

    It is killed when the caller is cancelled, and when the stack itself is killed.

    Raises:
        StackError: with its last line, when it fails.
    """
    child = await asyncio.create_subprocess_exec(
        "setpriv",
        "--pdeathsig",
        "KILL",
        "--",
        *argv,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(env),
        start_new_session=True,
    )
    try:
        output, _ = await child.communicate(stdin)
    except BaseException:
        if child.returncode is None:
            child.kill()
        await child.wait()
        raise
    text = output.decode("utf-8", "replace").strip()
    if child.returncode:
        last = text.splitlines()[-1] if text else "it said nothing"
        raise StackError(f"{name} failed with exit code {child.returncode}: {last}")
    return text
