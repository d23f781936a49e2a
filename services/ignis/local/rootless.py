"""Runs a server that refuses to run as root, where the stack itself runs as root."""

import asyncio
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from ignis.local.errors import StackError

_PREFERRED = ("postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Disguise:
    """How a server is started, and who owns its files outside."""

    prefix: tuple[str, ...] = ()
    uid: int = -1  # -1: the files stay with whoever made them
    gid: int = -1


async def disguise(binary: Path, folder: Path) -> Disguise:
    """Choose how to run `binary` over its data in `folder`.

    As root, first choice is a user namespace in which root has another user's id: the files
    stay root's own, so it works in a clone that no other user may enter. Where the kernel
    forbids that, the server becomes that user, who must then be able to reach both paths.

    Raises:
        StackError: when neither works.
    """
    if os.geteuid() != 0:
        return Disguise()
    user = _somebody()
    namespace = (
        shutil.which("unshare") or "unshare",
        "--user",
        f"--map-user={user.pw_uid}",
        f"--map-group={user.pw_gid}",
        "--",
    )
    if await _works(*namespace, str(binary), "--version"):
        return Disguise(namespace)
    switch = (
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--",
    )
    folder.parent.chmod(0o711)  # lets the user pass through, and see nothing
    if await _works(*switch, "test", "-x", str(binary)) and await _works(
        *switch, "test", "-x", str(folder.parent)
    ):
        return Disguise(switch, user.pw_uid, user.pw_gid)
    raise StackError(
        "PostgreSQL refuses to run as root, this kernel forbids user namespaces, and the user "
        f"{user.pw_name} cannot enter {folder.parent}: run `make run` as an ordinary user, "
        "or set DB_HOST to a server of your own"
    )


def _somebody() -> pwd.struct_passwd:
    """A user that isn't root: PostgreSQL wants one that the machine knows by name."""
    users = {user.pw_name: user for user in pwd.getpwall() if user.pw_uid != 0}
    if not users:
        raise StackError(
            "PostgreSQL refuses to run as root, and this machine knows no other user: "
            "add one (useradd ignis), or set DB_HOST to a server of your own"
        )
    return next((users[name] for name in _PREFERRED if name in users), next(iter(users.values())))


async def _works(*argv: str) -> bool:
    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return await child.wait() == 0
