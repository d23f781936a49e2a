"""Makes empty files until no more can be made.

Must: contained
"""
import os

made = 0
try:
    while made < 80_000:
        os.mknod(f"/tmp/{made}")
        made += 1
except OSError:
    pass
print("ESCAPED" if made > 70_000 else "contained")
