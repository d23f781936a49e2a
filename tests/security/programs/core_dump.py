"""Crashes, after asking that its memory be kept by whatever handler the host has.

Must: contained
"""
import os
import resource
import signal

for wanted in ((0, 0), (-1, -1), (1 << 20, -1)):
    try:
        resource.setrlimit(resource.RLIMIT_CORE, wanted)
    except (OSError, ValueError):
        pass
# Of just this limit the kernel neither writes a file nor starts a handler.
if resource.getrlimit(resource.RLIMIT_CORE) != (1, 1):
    print("ESCAPED", resource.getrlimit(resource.RLIMIT_CORE))
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGQUIT)
if os.WCOREDUMP(os.wait()[1]):
    print("ESCAPED core")
print("contained")
