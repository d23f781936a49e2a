"""Looks in its own interpreter, which the fork server may have lent, for what others left there.

Must: contained
"""
import gc
import os
import re
import sys

for fd in range(3, 1024):
    try:
        os.fstat(fd)
        print("ESCAPED descriptor", fd, os.readlink(f"/proc/self/fd/{fd}"))
    except OSError:
        pass
for name in sys.modules:
    if name.partition(".")[0] in ("ignis", "asyncio", "ctypes", "docker"):
        print("ESCAPED module", name)
frame = sys._getframe()
while frame.f_back:
    frame = frame.f_back
if frame.f_globals is not globals():
    print("ESCAPED frame", frame)
for found in gc.get_objects():
    home = getattr(type(found), "__module__", "")
    if isinstance(home, str) and home.startswith("ignis"):
        print("ESCAPED object", type(found))
    if type(found).__name__ in ("socket", "Making", "Place", "Setting"):
        print("ESCAPED object", found)
for path in sys.path + [os.environ.get("PYTHONPATH", "")]:
    if "ignis" in path or "services" in path:
        print("ESCAPED path", path)

# Classes that nobody can hide lead to functions, their globals, and all that these refer to.
todo = [found for found in object.__subclasses__() if found.__module__.startswith("ignis")]
known = set(map(id, todo))
while todo:
    found = todo.pop()
    kind = type(found).__name__
    if kind == "FileIO" and not found.closed and found.fileno() > 2:
        print("ESCAPED through classes:", found)
    if kind in ("socket", "Making", "Place", "Setting", "Living") or "ignis-" + "canary-" in str(found)[:200]:
        print("ESCAPED through classes:", kind)
    for following in gc.get_referents(found):
        if id(following) not in known:
            known.add(id(following))
            todo.append(following)

# All of its memory: the canary stands in the environment of the process that is the executor.
canary = re.compile(b"ignis-" + b"canary-" + b"[0-9a-f]{32}")
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in maps:
        span, access, *_ = line.split()
        if "r" in access and not line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
            start, end = (int(part, 16) for part in span.split("-"))
            if end - start > 64 << 20:
                continue
            try:
                memory.seek(start)
                if canary.search(memory.read(end - start)):
                    print("ESCAPED memory", line)
            except OSError:
                pass
print("contained")
