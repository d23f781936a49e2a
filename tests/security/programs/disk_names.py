"""Takes room by names alone: long ones, links, hard links, attributes.

Must: contained or memory
Must in docker: contained or memory or killed, since the runner adds up three file systems there and ends it
"""
import os

made = 0
os.close(os.open("one", os.O_CREAT | os.O_WRONLY))
for make in (
    lambda number: os.symlink("x" * 4000, f"{number:0>250}"),
    lambda number: os.link("one", f"/box/l{number:0>240}"),
    lambda number: os.setxattr("one", f"user.{number:0>200}", bytes(60_000)),
):
    try:
        for number in range(100_000):
            make(number)
            made += 1
    except OSError:
        pass
print("ESCAPED" if made > 200_000 else "contained")
