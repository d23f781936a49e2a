"""What one language file says."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Toolchain(_Part):
    """How an executor finds the language's toolchain."""

    program: str = Field(min_length=1)  # looked for in the toolchain directories
    version: tuple[str, ...] = Field(min_length=1)  # prints the version
    pattern: str  # a regular expression whose first group is the version
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


class Warm(_Part):
    """A cache that compiling needs, filled once and read-only to jobs."""

    env: str  # the variable that names the cache's directory
    command: tuple[str, ...]  # fills it with what most programs need, in the background


class SelfTest(_Part):
    """A program that proves that the language works."""

    code: str
    stdout: str


class Language(_Part):
    """One language."""

    id: str = Field(pattern="^[a-z][a-z0-9_+#-]{0,31}$")
    name: str
    aliases: tuple[str, ...] = ()
    file: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")  # what a single file is called
    toolchain: Toolchain
    compile: Compile | None = None
    run: Run
    warm: Warm | None = None
    test: SelfTest

    @model_validator(mode="after")
    def _id_is_no_alias(self) -> "Language":
        if self.id in self.aliases:
            raise ValueError(f"{self.id} is its own alias")
        return self
