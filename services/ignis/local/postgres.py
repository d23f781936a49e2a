"""PostgreSQL from the wheel, with its data in the data folder."""

import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ignis.local import leftovers, once
from ignis.local.files import kept_secret, private_folder
from ignis.local.process import Command, Process
from ignis.local.rootless import Disguise, disguise
from ignis.local.supervisor import Supervisor

HOST = "127.0.0.1"
_SUPERUSER = "ignis_superuser"  # the services' own role is an ordinary one
_BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")


@dataclass(frozen=True, slots=True)
class Database:
    """A database and who may use it."""

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """All of it as a `postgresql://` URL."""
        who = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{who}@{host}:{self.port}/{quote(self.database, safe='')}"


@dataclass(frozen=True, slots=True)
class Postgres:
    """Starts PostgreSQL on 127.0.0.1, for passwords alone, without Unix sockets.

    Args:
        binaries: the folder with initdb, postgres and psql.
        folder: what belongs to it; made on the first start.
        env: the environment for its programs.
        options: server settings, such as `fsync=off`.
    """

    binaries: Path
    folder: Path
    env: Mapping[str, str]
    options: Sequence[str] = ()

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.folder / "data"

    async def start(self, supervisor: Supervisor, database: Database) -> Process:
        """Start it, and make the database and its role where they are missing.

        Raises:
            StackError: when it can't start.
        """
        private_folder(self.folder)
        how = await disguise(self.binaries / "postgres", self.folder)
        self._give_to(how)
        await self._end_orphans()
        password = kept_secret(self.folder / "superuser.secret")
        if not self.data.exists():
            await self._initdb(how, password)
        # Nothing works in the folder any more: were its id in use again, PostgreSQL would
        # take the stranger for a postmaster and refuse to start.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        process = await supervisor.spawn(self._command(how, database.port))
        await process.until(lambda: self._is_ready(process.pid))
        await self._bootstrap(database, password)
        return process

    def _command(self, how: Disguise, port: int) -> Command:
        settings = (
            f"listen_addresses={HOST}",
            f"port={port}",
            "unix_socket_directories=",
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
            *self.options,
        )
        flags = [flag for setting in settings for flag in ("-c", setting)]
        return Command(
            name="postgres",
            argv=(str(self.binaries / "postgres"), "-D", str(self.data.resolve()), *flags),
            env=self.env,
            cwd=self.folder,
            prefix=how.prefix,
            stop=signal.SIGINT,  # PostgreSQL's fast shutdown: it doesn't wait for clients
            hurry=signal.SIGQUIT,  # its immediate one: recovers at the next start
            patience=15,
        )

    async def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(pid)] and lines[-1].strip() == "ready"

    async def _initdb(self, how: Disguise, password: str) -> None:
        """Make the cluster beside its place, so that a start cut short leaves none by halves."""
        new = self.folder / "data.new"
        secret = self.folder / "password"
        shutil.rmtree(new, ignore_errors=True)
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="utf-8")
        self._give_to(how)
        argv = (str(self.binaries / "initdb"), "--pgdata", str(new.resolve()))
        options = (
            f"--username={_SUPERUSER}",
            f"--pwfile={secret.resolve()}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        try:
            await once.run("initdb", (*how.prefix, *argv, *options), self.env)
        finally:
            secret.unlink()
        new.rename(self.data)

    async def _bootstrap(self, database: Database, password: str) -> None:
        env = {
            **self.env,
            "PGPASSWORD": password,
            "IGNIS_DB_USERNAME": database.username,
            "IGNIS_DB_PASSWORD": database.password,
            "IGNIS_DB_DATABASE": database.database,
        }
        argv = (str(self.binaries / "psql"), "--no-psqlrc", "--quiet", "--dbname=postgres")
        where = (f"--host={HOST}", f"--port={database.port}", f"--username={_SUPERUSER}")
        await once.run("psql", (*argv, *where, "--file=-"), env, _BOOTSTRAP.read_bytes())

    async def _end_orphans(self) -> None:
        """End the servers of a killed run; their first is the postmaster, if it lives."""
        orphans = leftovers.working_in(self.data)
        if orphans:
            await leftovers.end(orphans, signal.SIGINT)

    def _give_to(self, how: Disguise) -> None:
        """Hand the folder to the user that the server runs as."""
        if os.geteuid() != 0:
            return
        uid, gid = max(how.uid, 0), max(how.gid, 0)
        for path in (self.folder, *self.folder.rglob("*")):
            if path.lstat().st_uid != uid:
                os.chown(path, uid, gid, follow_symlinks=False)
