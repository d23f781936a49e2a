import sys, os
for stream in (sys.stdin, sys.stdout, sys.stderr):
    raw = stream.buffer.raw
    print(stream.name, stream.mode, stream.encoding, stream.errors, stream.newlines,
          stream.line_buffering, stream.write_through, stream.isatty(), stream.seekable(),
          stream.buffer.name, raw.mode, raw.closefd, raw.fileno(), os.get_inheritable(raw.fileno()))
    print(stream is getattr(sys, "__%s__" % stream.name.strip("<>")))
