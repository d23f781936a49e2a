"""Makes a very deep tree of folders, with long names.

Must: contained
"""
import os

for _ in range(5000):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
print("contained")
