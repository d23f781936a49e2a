class Problem(Exception):
    pass
def deep(n):
    if n == 0:
        raise Problem("à la fin")
    deep(n - 1)
try:
    try:
        deep(3)
    except Problem as error:
        error.add_note("a note")
        raise KeyError("second") from error
except KeyError:
    raise ExceptionGroup("several", [ValueError(1), TypeError("two")])
