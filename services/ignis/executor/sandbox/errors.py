"""What a sandbox raises when it is itself at fault; a program that fails never raises."""


class SandboxError(Exception):
    """The sandbox could not be made, or broke; the text says what to do where that is known."""


class NetworkError(SandboxError):
    """The operator allows programs the network, and it can't be given to them safely here."""
