import gc
print(gc.collect())
import weakref
class Node:
    pass
print(gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), gc.callbacks, gc.garbage, gc.get_debug())
a, b = Node(), Node()
a.b, b.a = b, a
gone = weakref.ref(a)
print(gc.is_tracked(a), any(one is a for one in gc.get_objects()))
gc.collect()
del a, b
print(gone() is None, gc.collect() >= 2, gone() is None)
nodes = []
for _ in range(3000):
    one = Node()
    one.itself = one
print(sum(isinstance(one, Node) for one in gc.get_objects()) < 1500)
print([one for one in gc.get_objects() if "ignis" in str(getattr(one, "__module__", ""))])
def below(one):
    return {one}.union(*map(below, type.__subclasses__(one)))
print([one for one in below(object) if one.__module__.startswith("ignis")])
print([one for one in below(BaseException) if one.__module__ in ("re", "inspect", "dataclasses")])
import collections.abc, numbers
print([sorted(str(known) for known in (list, dict, set, str, int, bytes, range)
              if issubclass(known, one)) for one in (collections.abc.Sequence, collections.abc.Mapping,
              collections.abc.Set, collections.abc.Iterable, collections.abc.Sized, numbers.Number)])
