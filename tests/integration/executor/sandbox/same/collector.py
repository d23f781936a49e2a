import gc, weakref
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
