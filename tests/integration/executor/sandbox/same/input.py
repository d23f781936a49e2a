import sys
print(repr(input("first? ")), repr(sys.stdin.readline()), sys.stdin.buffer.readline())
for line in sys.stdin:
    print(repr(line))
print(repr(sys.stdin.read()), sys.stdin.buffer.read())
input()
