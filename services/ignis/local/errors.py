"""What ends the stack: a line for the person at the terminal."""


class StackError(Exception):
    """Something that `make run` can't go on from.

    Its text is one line that says what happened and what to do; it is shown without a traceback.
    """


class ServerError(StackError):
    """A server or a service that ended, or never got ready; its log says why."""
