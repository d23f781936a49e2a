"""Private files of the data folder: secrets, and whatever holds one."""

import os
import secrets
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make a folder that its owner alone can enter, with its parents; return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def kept_secret(path: Path) -> str:
    """The secret in a file; on the first call a new one, 32 characters safe in a URL."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        secret = secrets.token_urlsafe(24)
        write_private(path, secret)
        return secret
