"""Kills and stops the runner, lowers its limits, and makes it slow.

Must: contained
"""
import os
import resource
import signal
import time

for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGSEGV):
    for _ in range(50):
        try:
            os.kill(1, number)
        except OSError:
            break
for which in (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
    try:
        resource.prlimit(1, which, (0, 0))
        print("ESCAPED", which)
    except OSError:
        pass
for which, who in ((os.PRIO_PROCESS, 1), (os.PRIO_USER, 0), (os.PRIO_PGRP, 1)):
    try:
        os.setpriority(which, who, 19)
        print("ESCAPED", which)
    except OSError:
        pass
try:
    os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))
    print("ESCAPED scheduler")
except OSError:
    pass
time.sleep(0.05)
print("contained")
