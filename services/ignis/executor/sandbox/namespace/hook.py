"""Stops a starting interpreter between its own start and its program.

`site` executes this for a file in the folder of the user's own packages.
CPython's last call of Python code before it reads the program is that of the
loader's class for `__main__`: there is no frame below it, so that a program
finds none of Ignis's on its stack.
"""

import _frozen_importlib_external as bootstrap
import gc
import sys

_loader = bootstrap.SourceFileLoader
_names = vars(bootstrap)


def _stop(name: str, path: str) -> object:
    if name == "__main__":
        _names["SourceFileLoader"] = _loader
        gc.disable()
        modules = frozenset(sys.modules) - {"gc"}
        importers = frozenset(sys.path_importer_cache)
        classes: set[type] = set()
        todo: list[type] = [object]
        while todo:
            fresh: set[type] = set(type.__subclasses__(todo.pop())) - classes
            classes |= fresh
            todo.extend(fresh)
        objects = frozenset(map(id, gc.get_objects()))
        sys.path.append("/box/.ignis")
        from ignis.executor.sandbox.namespace import zygote  # noqa: PLC0415 - needs the path

        zygote.serve(path, zygote.Before(modules, importers, frozenset(classes), objects))
        loader = _loader
        globals().clear()  # they and this function are a cycle, which collections would count
        return loader(name, path)
    return _loader(name, path)


_names["SourceFileLoader"] = _stop
