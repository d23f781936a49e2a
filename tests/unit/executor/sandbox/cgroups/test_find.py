"""Finding one's own cgroups."""

from ignis.executor.sandbox.cgroups import find

V1_MOUNTS = """\
30 23 0:26 / /sys/fs/cgroup/memory rw,relatime shared:1 - cgroup cgroup rw,memory
31 23 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
33 23 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
34 23 0:30 / /tmp rw - tmpfs tmpfs rw
"""
V1_PATHS = "9:pids:/\n4:memory:/service/a:b\n2:cpu,cpuacct:/x\n0::/unified/y\n"
V2_MOUNTS = "30 23 0:26 {root} /sys/fs/cg\\040roup rw,nosuid - cgroup2 cgroup rw\n"


def test_v1() -> None:
    """Each controller has its own mount and path; a path may have a colon."""
    mounts, paths = find.parse_mounts(V1_MOUNTS), find.parse_membership(V1_PATHS)

    assert [
        "/sys/fs/cgroup/memory/service/a:b",
        "/sys/fs/cgroup/pids",
        "/sys/fs/cgroup/cpu,cpuacct/x",
    ] == find.v1_folders(mounts, paths)
    unified = "/sys/fs/cgroup/unified"
    assert (f"{unified}/unified/y", unified) == find.v2_folder(mounts, paths)


def test_v1_incomplete() -> None:
    """A missing controller is no v1."""
    mounts = find.parse_mounts(V1_MOUNTS.replace("rw,pids", "rw,devices"))

    assert None is find.v1_folders(mounts, find.parse_membership(V1_PATHS))


def test_v2() -> None:
    """There is one folder, and blanks in a mount point are unescaped."""
    mounts = find.parse_mounts(V2_MOUNTS.format(root="/"))
    paths = find.parse_membership("0::/system.slice/ignis.service\n")

    assert None is find.v1_folders(mounts, paths)
    top = "/sys/fs/cg roup"
    assert (f"{top}/system.slice/ignis.service", top) == find.v2_folder(mounts, paths)


def test_v2_in_a_container() -> None:
    """A container's mount shows a part of the hierarchy as if it were its root."""
    mounts = find.parse_mounts(V2_MOUNTS.format(root="/docker/abc"))

    top = "/sys/fs/cg roup"
    assert (top, top) == find.v2_folder(mounts, {"": "/docker/abc"})
    assert (f"{top}/x", top) == find.v2_folder(mounts, {"": "/docker/abc/x"})
    assert (f"{top}/docker/abcd", top) == find.v2_folder(mounts, {"": "/docker/abcd"})
