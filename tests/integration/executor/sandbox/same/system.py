import sys
print(sys.argv, sys.orig_argv, sys.path, sys.executable, sys._base_executable, sys.prefix)
print(sys.flags, sys.warnoptions, sys._xoptions, sys.dont_write_bytecode, sys.pycache_prefix)
print(sorted(sys.modules), sys.meta_path, sys.path_hooks, sorted(sys.path_importer_cache))
print(sys.gettrace(), sys.getprofile(), sys.getrecursionlimit(), sys.getswitchinterval())
print(sys.excepthook, sys.displayhook, sys.unraisablehook, sys.breakpointhook)
print(hasattr(sys, "last_type"), hasattr(sys, "ps1"), sys.getdlopenflags(), sys.thread_info)
print(sys.stdlib_module_names == frozenset(sys.stdlib_module_names), sorted(vars(sys)))
