"""Where a runner works: what its driver prepared before the job arrived."""

from dataclasses import dataclass

BOX = "/box"
OUTSIDE = ("/tmp", "/dev/shm")  # noqa: S108 - where else the job can write
BASE_ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": BOX,
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
}


@dataclass(frozen=True, slots=True)
class Group:
    """Open descriptors of one step's cgroup, which the runner can't see by path.

    A process with one thread that writes 0 to each of `join` moves itself:
    `ahead`, before the limits are known, or when they are set. Where the
    kernel keeps no peak, `peak` is what is held now: `sampled`.
    """

    join: tuple[int, ...]
    cpu: int
    peak: int
    oom: int
    pids: int
    sampled: bool = False
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """Open descriptors of the cgroup that a container's runner and job share.

    Of v1 or v2, and only for reading: `cpu`, `memory` (the statistics), `oom`
    and `pids` count the runner too. `own` is the runner's own status.
    """

    cpu: int
    memory: int
    oom: int
    pids: int
    own: int


@dataclass(frozen=True, slots=True)
class Place:
    """The identity of the job's processes, and the cgroups that hold them.

    `uid` (also the gid) is None where the runner has only one; `groups` has
    one entry for a job's first step and one for its second, or none at all,
    and then rlimits and polling take over, with what `shared` can tell.
    `folders` are the job's own file systems, where one size can't hold for
    all of them, so that the runner has to add them up.
    """

    uid: int | None
    groups: tuple[Group, ...]
    shared: Shared | None = None
    folders: tuple[str, ...] = ()
