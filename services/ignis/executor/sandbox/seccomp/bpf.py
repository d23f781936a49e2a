"""A small assembler for classic BPF: just what a system-call filter needs."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

# What the kernel shows the filter (struct seccomp_data), by byte offset.
NUMBER = 0
ARCHITECTURE = 4
WORD = 4  # from the low half of an argument to its high half
_ARGUMENTS = 16
_ARGUMENT_SIZE = 8

# What the filter answers.
KILL_PROCESS = 0x8000_0000
ALLOW = 0x7FFF_0000
_ERRNO = 0x0005_0000

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_JUMP_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_INSTRUCTION = struct.Struct("=HBBI")
_MAX_JUMP = 255


class Instruction(NamedTuple):
    """One instruction; a jump's targets are counts of instructions to skip."""

    code: int
    if_true: int
    if_false: int
    value: int


def load(offset: int) -> Instruction:
    """Load the 32-bit word at `offset` of seccomp_data."""
    return Instruction(_LOAD, 0, 0, offset)


def argument(index: int) -> int:
    """Return the offset of the low word of argument `index` (little-endian)."""
    return _ARGUMENTS + index * _ARGUMENT_SIZE


def answer(value: int) -> Instruction:
    """End the filter with `value`."""
    return Instruction(_RETURN, 0, 0, value)


def refuse(errno: int) -> Instruction:
    """End the filter: the call isn't made, and fails with `errno`."""
    return answer(_ERRNO | errno)


def unless_equal(value: int, skip: int) -> Instruction:
    """Skip `skip` instructions unless the loaded word is `value`."""
    return _jump(_JUMP_EQUAL, value, 0, skip)


def if_equal(value: int, skip: int) -> Instruction:
    """Skip `skip` instructions if the loaded word is `value`."""
    return _jump(_JUMP_EQUAL, value, skip, 0)


def unless_at_least(value: int, skip: int) -> Instruction:
    """Skip `skip` instructions if the loaded word is below `value`."""
    return _jump(_JUMP_AT_LEAST, value, 0, skip)


def unless_any_bit(mask: int, skip: int) -> Instruction:
    """Skip `skip` instructions if the loaded word has none of the bits of `mask`."""
    return _jump(_JUMP_ANY_BIT, mask, 0, skip)


def assemble(program: Sequence[Instruction]) -> bytes:
    """Return the filter as the kernel takes it: eight bytes an instruction."""
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)


def _jump(code: int, value: int, if_true: int, if_false: int) -> Instruction:
    if max(if_true, if_false) > _MAX_JUMP:
        message = f"a jump over {max(if_true, if_false)} instructions is too long"
        raise ValueError(message)
    return Instruction(code, if_true, if_false, value)
