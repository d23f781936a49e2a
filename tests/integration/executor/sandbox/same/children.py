import subprocess, sys, os
print(subprocess.run([sys.executable, "-c", "import sys; print(sys.flags, sys.argv)"], capture_output=True))
print(subprocess.check_output(["sh", "-c", "echo $$ $PPID; trap; cat /proc/self/status | grep Sig"]) != b"")
print(subprocess.check_output("trap", shell=True), flush=True)
print(subprocess._args_from_interpreter_flags())
pid = os.fork()
if pid == 0:
    print("in the child")
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
