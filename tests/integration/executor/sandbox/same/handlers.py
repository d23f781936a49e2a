import os, signal, time
signal.signal(signal.SIGUSR1, lambda *_: print("user"))
os.kill(os.getpid(), signal.SIGUSR1)
signal.signal(signal.SIGCHLD, lambda *_: print("child"))
if os.fork() == 0:
    os._exit(0)
os.wait()
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
signal.pause()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupt")
