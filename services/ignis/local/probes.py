"""Asks servers whether they are ready, in their own protocols."""

import asyncio

_PATIENCE = 1.0  # seconds for one question


async def talk(host: str, port: int, request: bytes) -> bytes:
    """Connect, send, and return the first line of the answer; b'' when nobody answers."""
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return b""


async def listens(host: str, port: int, patience: float = 5) -> bool:
    """Whether a connection is accepted within the time, seconds."""
    try:
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def http_status(host: str, port: int, path: str) -> int:
    """The status of a GET; 0 when nobody answers."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = await talk(host, port, request.encode("ascii"))
    parts = answer.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
