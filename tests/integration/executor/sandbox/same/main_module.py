import __main__, sys
print(sorted(globals()), __name__, __file__, __spec__, __package__, __doc__, __cached__, __annotations__)
print(type(__loader__), __loader__.name, __loader__.path, __builtins__, __main__.__dict__ is globals())
print(list(globals())[:9], sys.modules["__main__"] is __main__, __main__)
import main
print(main.__name__, main.__file__)
