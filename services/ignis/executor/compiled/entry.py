"""One compile step's result: what names it, and its bytes in a file."""

import hashlib
import hmac
from typing import NamedTuple

from ignis.executor.models import Program, StepOutcome
from ignis.executor.runner import codec
from ignis.executor.runner.frames import FrameError

_MAGIC = b"ignis-artefact-1\n"  # another number when the bytes, or what names them, change
_DIGEST_SIZE = hashlib.sha256().digest_size


class DamagedError(Exception):
    """The bytes are not what was kept."""


class Entry(NamedTuple):
    """What a compile step said and measured, and what it left in the work folder."""

    outcome: StepOutcome
    artefact: bytes


def key_of(program: Program, *, shared: bool) -> str:
    """Return the name of a program's compile step: a digest of all that it can depend on.

    That is the toolchain, the command with its environment and limits, every
    file with its name, and, unless `shared`, whose it is. Empty for a program
    whose compile step isn't to be kept: one with a network may depend on the
    whole world.
    """
    if program.compile is None or program.origin is None or program.network:
        return ""
    origin = program.origin
    whose = "" if shared else origin.owner
    # As a sandbox gets it, so that nothing is forgotten, and every part has its length.
    inputs = codec.encode_program(Program(program.files, run=program.compile))
    named = codec.pack(
        (whose.encode(), origin.language.encode(), origin.toolchain.encode(), inputs)
    )
    return hashlib.sha256(_MAGIC + bytes([shared]) + named).hexdigest()


def encode(key: str, entry: Entry) -> bytes:
    """Return the bytes of the file `key`."""
    body = codec.pack((codec.encode_outcome(entry.outcome), entry.artefact))
    return _MAGIC + _digest(key, body) + body


def decode(key: str, data: bytes) -> Entry:
    """Return what the file `key` has; raises DamagedError."""
    if not data.startswith(_MAGIC):
        raise DamagedError("it begins as no file of ours does")
    start = len(_MAGIC) + _DIGEST_SIZE
    digest, body = data[len(_MAGIC) : start], data[start:]
    if not hmac.compare_digest(digest, _digest(key, body)):
        raise DamagedError("it has another digest")
    try:
        outcome, artefact = codec.unpack(body)
        return Entry(codec.decode_outcome(outcome), artefact)
    except (FrameError, ValueError) as error:
        raise DamagedError(str(error)) from error


def _digest(key: str, body: bytes) -> bytes:
    """A file under another's name is as wrong as one with other bytes."""
    digest = hashlib.sha256(key.encode())
    digest.update(body)
    return digest.digest()
