"""The assembler."""

import pytest

from ignis.executor.sandbox.seccomp import bpf


def test_encoding() -> None:
    """Instructions are as linux/filter.h has them: code, jt, jf, k."""
    program = [bpf.load(4), bpf.unless_equal(0xC000003E, 1), bpf.refuse(1)]

    assert (
        b"\x20\x00\x00\x00\x04\x00\x00\x00"
        b"\x15\x00\x00\x01\x3e\x00\x00\xc0"
        b"\x06\x00\x00\x00\x01\x00\x05\x00"
    ) == bpf.assemble(program)


def test_arguments() -> None:
    """Arguments are 64-bit words behind number, architecture and instruction pointer."""
    assert [16, 24, 32] == [bpf.argument(index) for index in range(3)]


def test_long_jump() -> None:
    """A jump that doesn't fit into its byte is refused, not cut."""
    with pytest.raises(ValueError, match="too long"):
        bpf.if_equal(1, 256)
