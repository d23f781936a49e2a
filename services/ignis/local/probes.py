"""Asks servers whether they are ready, in their own protocols."""

import asyncio

_PATIENCE = 1.0  # seconds for one question


async def talk(host: str, port: int, request: bytes, *, to_the_end: bool = False) -> bytes:
    """Connect, send, and return the first line of the answer; b'' when nobody answers.

    Args:
        host: where to.
        port: where to.
        request: what to send.
        to_the_end: read until the server hangs up, for one that would mind being cut short.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                line = await reader.readline()
                if to_the_end:
                    await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return b""
    return line


async def listens(host: str, port: int, patience: float = 5) -> bool:
    """Whether a connection is accepted within the time, seconds."""
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def http_ok(host: str, port: int, path: str) -> bool:
    """Whether a GET is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = await talk(host, port, request.encode("ascii"), to_the_end=True)
    return answer.split(b" ")[1:2] == [b"200"]
