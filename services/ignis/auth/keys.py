"""The format of API keys: `ign_<env>_<random><checksum>`.

The checksum lets a typo or a truncated key be refused without a look-up, and
lets secret scanners tell a key from a look-alike.
"""

import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from hashlib import sha256

from ignis.server.settings import Environment

START = "ign_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase  # base62
# 178 bits. Prefix and last four tell 48 of them, so that 128 stay secret
# from everybody who sees a list of keys.
RANDOM_LENGTH = 30
CHECKSUM_LENGTH = 6  # 62**6 is more than 2**32
SHOWN = 4  # characters of the random part in a prefix, and of the end in last_four
NAMES = {Environment.PRODUCTION: "live", Environment.DEVELOPMENT: "dev"}
_FORM = re.compile(
    rf"ign_(?:{'|'.join(NAMES.values())})_[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}"
)


@dataclass(frozen=True, slots=True)
class Secret:
    """A new key: the secret, and what is kept of it."""

    text: str = field(repr=False)
    digest: bytes  # SHA-256
    prefix: str
    last_four: str


def generate(environment: Environment) -> Secret:
    """Make a new secret for an environment."""
    start = f"{START}{NAMES[environment]}_"
    body = start + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    text = body + checksum(body)
    return Secret(text, digest(text), text[: len(start) + SHOWN], text[-SHOWN:])


def is_well_formed(text: str) -> bool:
    """Tell whether a text could be a key: its form is right, and its checksum."""
    if _FORM.fullmatch(text) is None:
        return False
    return checksum(text[:-CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]


def checksum(body: str) -> str:
    """Write the CRC32 of all that precedes it in base62, 6 characters."""
    rest = zlib.crc32(body.encode())
    written = ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        written = ALPHABET[digit] + written
    return written


def digest(text: str) -> bytes:
    """Hash a secret, as it is stored; a secret of 178 random bits needs no salt."""
    return sha256(text.encode()).digest()
