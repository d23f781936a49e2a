"""What the terminal shows can be read and pasted."""

import io
import json
import subprocess
from pathlib import Path

from ignis.local.terminal import Terminal, curl_line


class Person(io.StringIO):
    """A terminal with somebody in front of it."""

    def isatty(self) -> bool:
        """Say so."""
        return True


class Gone(io.StringIO):
    """A pipe whose reader went away."""

    def write(self, _: str) -> int:
        """Fail as the kernel does."""
        raise BrokenPipeError


def test_the_curl_line_is_the_readmes() -> None:
    """With the default port it reads as in the README, letter for letter."""
    readme = (Path(__file__).parents[3] / "README.md").read_text()

    assert curl_line("http://localhost:8080", "ign_…") in readme.splitlines()


def test_bash_takes_the_curl_line_as_it_is() -> None:
    """Pasted into bash, the exclamation mark and the quotes arrive as they are."""
    line = curl_line("http://localhost:8080", "ign_x").replace("curl", "printf '%s\\n'", 1)
    script = f"set -H\n{line}\n"

    output = subprocess.run(
        ["bash", "--norc", "-i"], input=script, capture_output=True, text=True, check=True
    ).stdout

    body = output.splitlines()[-1]
    assert json.loads(body) == {"language": "python", "code": 'print("Hello, World!")'}


def test_a_pipe_gets_plain_text(tmp_path: Path) -> None:
    """Escape sequences are for people."""
    pipe, person = io.StringIO(), Person()

    Terminal(pipe).ready("http://localhost:8080", "ign_x", tmp_path)
    Terminal(person).ready("http://localhost:8080", "ign_x", tmp_path)

    assert "\x1b" not in pipe.getvalue()
    assert "\x1b[1m" in person.getvalue()


def test_the_end_of_the_start_tells_what_is_needed(tmp_path: Path) -> None:
    """The URL, the key, the logs and the line to paste are there."""
    out = io.StringIO()

    Terminal(out).ready("http://localhost:8080", "ign_x", tmp_path)

    text = out.getvalue()
    for part in ("http://localhost:8080 ", "ign_x", str(tmp_path / "logs"), "curl -s "):
        assert part in text


def test_without_an_issuer_there_is_no_key_and_no_curl_line(tmp_path: Path) -> None:
    """Where Clerk signs sessions, the text says how to get a key instead."""
    out = io.StringIO()

    Terminal(out).ready("http://localhost:8080", None, tmp_path)

    assert "curl" not in out.getvalue()
    assert "POST http://localhost:8080/api/v1/api-keys" in out.getvalue()


def test_a_reader_that_went_away_stops_nothing() -> None:
    """Writing to a broken pipe is no failure."""
    Terminal(Gone()).say("Stopping")
