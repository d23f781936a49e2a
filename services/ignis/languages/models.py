"""What one language file says."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

NAME = "^[a-z][a-z0-9_+#-]{0,31}$"  # what a request calls a language; `@` ends it


def _with_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    if not groups:
        raise ValueError("must have a group that is the version")
    return pattern


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Toolchain(_Part):
    """How an executor finds the language's toolchain."""

    program: str = Field(min_length=1)  # looked for in the toolchain directories
    version: tuple[str, ...] = Field(min_length=1)  # prints the version
    pattern: Annotated[str, AfterValidator(_with_group)]  # its first group is the version
    env: dict[str, str] = {}  # for every command of the toolchain


class Compile(_Part):
    """The compile step.

    In the command, `{artefact}` stands for what it makes, `{file}` for the
    first file, `{files}` for all that have its ending, `{compile_args}` for
    the request's.
    """

    command: tuple[str, ...] = Field(min_length=1)
    time_factor: float = Field(1, ge=1, le=12)  # times the default compile time
    memory_kb: int = Field(1_048_576, ge=65_536)
    processes: int = Field(256, ge=1)


class Run(_Part):
    """The run step: `{file}` and `{artefact}` as above; the arguments follow it."""

    command: tuple[str, ...] = Field(min_length=1)
    cpython: bool = False  # the command is CPython 3.11 or newer, and its one argument the file


class Warm(_Part):
    """A cache that compiling needs, filled once and read-only to jobs."""

    env: str = Field(min_length=1)  # the variable that names the cache's directory
    command: tuple[str, ...] = Field(
        min_length=1
    )  # fills it with what most programs need, in the background


class SelfTest(_Part):
    """A program that proves that the language works."""

    code: str = Field(min_length=1)
    stdout: str = Field(min_length=1)  # silence proves nothing


class Language(_Part):
    """One language."""

    id: str = Field(pattern=NAME)
    name: str = Field(min_length=1)
    aliases: tuple[Annotated[str, Field(pattern=NAME)], ...] = ()
    file: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")  # what a single file is called
    image: str = Field(
        "", pattern=r"^[^\s,=]*$"
    )  # docker: empty is what the executor's settings say
    toolchain: Toolchain
    compile: Compile | None = None
    run: Run
    warm: Warm | None = None
    test: SelfTest

    @model_validator(mode="after")
    def _each_name_once(self) -> "Language":
        names = (self.id, *self.aliases)
        if len(set(names)) < len(names):
            raise ValueError(f"{self.id} has the same name twice")
        return self
