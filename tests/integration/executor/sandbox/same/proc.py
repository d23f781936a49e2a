import os
for name in ("cmdline", "comm", "environ", "limits", "oom_score_adj", "loginuid", "coredump_filter"):
    try:
        print(name, open("/proc/self/" + name, "rb").read())
    except OSError as error:
        print(name, error)
print(os.readlink("/proc/self/exe"), os.readlink("/proc/self/cwd"), os.readlink("/proc/self/root"))
print(os.stat("/proc/self/mem").st_uid, os.stat("/proc/self/fd").st_uid, os.path.exists("/box/.ignis"))
kept = ("Name", "Umask", "State", "Uid", "Gid", "Groups", "Threads", "Sig", "Shd", "Cap", "NoNew", "Sec")
print([line for line in open("/proc/self/status") if line.startswith(kept)])
