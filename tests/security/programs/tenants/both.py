"""What both tenants run: plant, then look for the other's marks for as long as both live."""

import sys
import time

# From a file, so that the interpreter that waits for a program takes this one.
with open("names") as file:
    sys.argv[1:] = file.read().split()

import channel

begun = time.monotonic()
channel.plant()
seen = set()
while time.monotonic() < begun + 0.5:
    seen.update(channel.found())
    time.sleep(0.02)
for one in sorted(map(str, seen)):
    print("ESCAPED", one, file=sys.stderr)
print(begun, time.monotonic())
