"""Which ids of the host stand behind a sandbox's own."""

from typing import NamedTuple

# Inside: the runner is 0 where there are two ids, a job's processes always this.
JOB_ID = 1000
_PREFERRED = 0x7000_0000
_PER_PLACE = 2


class IdMap(NamedTuple):
    """What to write to uid_map and gid_map, and whether the runner has an id of its own."""

    lines: str
    separate: bool


def own_ids(place: int, base: int) -> IdMap:
    """Map the runner and the job to two host ids that only this place uses."""
    first = base + place * _PER_PLACE
    return IdMap(f"0 {first} 1\n{JOB_ID} {first + 1} 1\n", separate=True)


def shared_id(outer: int) -> IdMap:
    """Map the job, and the runner with it, to the only id that an ordinary user has."""
    return IdMap(f"{JOB_ID} {outer} 1\n", separate=False)


def choose_base(uid_map: str, places: int) -> int | None:
    """Return the first of `places` pairs of ids that this user namespace holds.

    `uid_map` is the text of /proc/self/uid_map. High ids are taken, since
    nothing else uses them; None when the map is too small for that.
    """
    needed = places * _PER_PLACE
    for line in uid_map.splitlines():
        inside, _, count = (int(part) for part in line.split())
        end = inside + count
        if inside <= _PREFERRED and _PREFERRED + needed <= end:
            return _PREFERRED
        if count > 2 * needed and inside + count - needed > JOB_ID:
            return end - needed
    return None
