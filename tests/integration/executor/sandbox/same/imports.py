import asyncio, collections, ctypes, dataclasses, decimal, email, enum, json, logging, re, socket, ssl
import sqlite3, struct, subprocess, typing, unittest, xml.etree.ElementTree
async def hello():
    await asyncio.sleep(0)
    return "hello"
print(asyncio.run(hello()), json.loads("[1]"), re.sub("a", "b", "cat"), decimal.Decimal("0.1") * 3)
@dataclasses.dataclass
class Point:
    x: int
    y: int = 2
print(Point(1), enum.Enum("Color", "RED")["RED"], struct.calcsize("!I"), typing.get_type_hints(Point))
with socket.socket() as one:
    one.bind(("127.0.0.1", 0))
    print(one.getsockname()[0])
logging.warning("warned")
print(sqlite3.connect(":memory:").execute("select 1 + 1").fetchone())
