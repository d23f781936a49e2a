import warnings
warnings.warn("at two", stacklevel=2)
warnings.warn("old", DeprecationWarning)
print([str(one) for one in warnings.filters])
assert (1, "always true"), "a tuple"
print("\d")
