import atexit, weakref, sys
class Noisy:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print("gone", self.name)
kept = Noisy("kept")
cycle = Noisy("cycle")
cycle.itself = cycle
sys.noisy = Noisy("on sys")
atexit.register(print, "first registered")
atexit.register(lambda: 1 / 0)
atexit.register(print, "last registered")
finalizer = weakref.finalize(kept, print, "finalized")
print("end", end="")
