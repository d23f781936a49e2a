"""What the person at the terminal sees."""

import asyncio
import json
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

_SLOW = 2.0  # seconds after which a step says that it is under way
_BODY = {"language": "python", "code": 'print("Hello, World!")'}


def curl_line(base_url: str, api_key: str) -> str:
    """The README's example, for this stack; bash takes it as it is."""
    return (
        f"curl -s {base_url}/api/v1/public/execute "
        f'-H "X-API-Key: {api_key}" -H "Content-Type: application/json" '
        f"-d {shlex.quote(json.dumps(_BODY))}"
    )


class Terminal:
    """Writes lines; in bold where that helps and the reader is a person.

    A reader that went away (a closed window, a broken pipe) must not keep the stack from
    stopping its servers, so nothing here fails.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        with suppress(ValueError):
            self._person = self._out.isatty()
        self._began = time.monotonic()

    def say(self, line: str = "") -> None:
        """Write a line at once."""
        self._write(self._out, line)

    def complain(self, line: str) -> None:
        """Write the one line that says why the stack ends."""
        self._write(sys.stderr, f"ignis: {line}")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Write how long a step took, once it is done, and a word before if that takes long."""
        start = time.monotonic()
        loop = asyncio.get_running_loop()
        slow = loop.call_later(_SLOW, self.say, f"  {name:<10}is still starting")
        try:
            yield
        finally:
            slow.cancel()
        self.say(f"  {name:<10}{time.monotonic() - start:5.1f} s")

    def ready(self, base_url: str, api_key: str | None, folder: Path) -> None:
        """Write where Ignis is and how to use it.

        Args:
            base_url: where it is.
            api_key: the key to use; None where the stack can't make one.
            folder: the data folder.
        """
        took = time.monotonic() - self._began
        self.say()
        self.say(self._bold(f"Ignis is ready at {base_url} ({took:.1f} s). Ctrl-C stops it."))
        self.say()
        self.say(f"  API key   {api_key or 'none, see below'}")
        self.say(f"  logs      {folder / 'logs'}")
        self.say(f"  the rest  {folder / 'dev.json'}")
        self.say()
        if api_key:
            self.say("Run a program:")
            self.say()
            self.say(curl_line(base_url, api_key))
        else:
            self.say(
                "Sessions come from Clerk here, so make a key with one: "
                f"POST {base_url}/api/v1/api-keys"
            )
        self.say()

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._person else text

    @staticmethod
    def _write(out: TextIO, line: str) -> None:
        with suppress(OSError, ValueError):
            out.write(line + "\n")
            out.flush()
