"""Programs that must not show whether their interpreter was started for them."""

from pathlib import Path

STDIN = b"one\ntwo\r\nthr\xc3\xa9e\n\nlast"
LONG = {
    path.stem: path.read_bytes() for path in sorted(Path(__file__).with_name("same").glob("*.py"))
}

SHORT: dict[str, str | bytes] = {
    "stack overflow": "def f(n):\n    return f(n + 1) + 1\nf(0)\n",
    "mixed output": "import sys\nfor n in range(99):\n print(n)\n print(n, file=sys.stderr)\n",
    "binary output": "import sys\nsys.stdout.buffer.write(bytes(range(256)))\n",
    "no flush": "import os\nprint('lost')\nos._exit(5)\n",
    "exit 3": "import sys\nsys.exit(3)\n",
    "exit text": "import sys\nsys.exit('a reason')\n",
    "exit none": "import sys\nsys.exit()\n",
    "exit huge": "raise SystemExit(2**40 + 7)\n",
    "exit object": "raise SystemExit([1, 2])\n",
    "exit builtin": "exit(4)\n",
    "exit in a thread": "import threading as t\nt.Thread(target=exit, args=(9,)).start()\n",
    "exit at exit": "import atexit, sys\natexit.register(sys.exit, 6)\n",
    "exit in finally": "import sys\ntry:\n    1 / 0\nfinally:\n    sys.exit(8)\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "killed": "import os\nos.kill(os.getpid(), 9)\n",
    "terminated": "import os\nprint('x')\nos.kill(os.getpid(), 15)\n",
    "aborted": "import os\nos.abort()\n",
    "crashed": "import ctypes\nctypes.string_at(0)\n",
    "group killed": "import os, time\nos.killpg(0, 9)\ntime.sleep(9)\n",
    "broken excepthook": "import sys\nsys.excepthook = None\n1 / 0\n",
    "own excepthook": "import sys\nsys.excepthook = lambda *_: print('mine', _[0])\n1 / 0\n",
    "closed stdout": "import sys\nsys.stdout.close()\n",
    "closed descriptor": "import os\nprint('x')\nos.close(1)\n",
    "syntax error": "print('fine')\nif True\n    pass\n",
    "indentation": "if True:\nprint(1)\n",
    "empty": "",
    "comment": "# nothing",
    "no newline": "print('end')",
    "crlf": b"print('a')\r\nprint('''b\r\nc''')\r\n",
    "bom": b"\xef\xbb\xbfprint('bom')\n",
    "latin": b"# -*- coding: latin-1 -*-\nprint('caf\xe9')\n1 / 0  # \xe9\n",
    "unknown coding": b"# coding: nonsense\nprint(1)\n",
    "bad utf-8": b"print('\xff')\n",
    "nul": b"print(1)\0\n",
    "form feed": b"\x0cprint(1)\n",
    "long line": f"print(len('{'x' * 200_000}'))\n",
    "future": "from __future__ import annotations\nx: nonsense\nprint(__annotations__)\n",
    "docstring": '"""Doc."""\nprint(__doc__)\n',
    "replaced": "open('main.py', 'w').write('nonsense')\ndef f():\n    raise ValueError\nf()\n",
    "removed": "import os\nos.remove('main.py')\n1 / 0\n",
    "deep json": "import json\ntry: json.loads('[' * 99999)\nexcept RecursionError as e: print(e)",
}

CASES: dict[str, bytes] = LONG | {
    name: code.encode() if isinstance(code, str) else code for name, code in SHORT.items()
}
