"""Language files: what a good one says, and what is wrong with a bad one."""

import re
from pathlib import Path

import pytest

from ignis.languages import loader
from ignis.languages.loader import LanguageError
from ignis.languages.models import Language

GOOD = """
id = "lang"
name = "Lang"
aliases = ["lg"]
file = "main.lg"
[toolchain]
program = "lang"
version = ["lang", "--version"]
pattern = 'Lang (\\S+)'
[run]
command = ["lang", "{file}"]
[test]
code = "print"
stdout = "Hello\\n"
"""
SHIPPED = loader.load()


def write(folder: Path, name: str, text: str) -> Path:
    """Add a language file; returns its folder."""
    (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("language", SHIPPED.values(), ids=SHIPPED)
def test_a_shipped_language_is_complete(language: Language) -> None:
    """Each language of Ignis has a self-test that says hello, and commands that fit together."""
    words = [*language.run.command, *(language.compile.command if language.compile else ())]

    assert "Hello, World!" in language.test.code
    assert language.test.stdout == "Hello, World!\n"
    assert set(re.findall(r"\{\w*\}", " ".join(words))) <= {
        "{file}", "{files}", "{artefact}", "{compile_args}"
    }  # fmt: skip
    assert ("{artefact}" in language.run.command) == (language.compile is not None)
    assert re.search(language.toolchain.pattern, "no version at all") is None


def test_the_first_languages_are_shipped() -> None:
    """The languages of the first version are there, by their ids."""
    assert set(SHIPPED) >= {"python", "go", "c", "bash", "javascript"}
    assert all(name == language.id for name, language in SHIPPED.items())


@pytest.mark.parametrize(
    ("language", "said", "version"),
    [
        ("python", "Python 3.11.2\n", "3.11.2"),
        ("python", "Python 3.14.0rc1+\n", "3.14.0rc1+"),
        ("go", "go version go1.26.5 linux/amd64\n", "1.26.5"),
        ("c", "gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022\n", "12.2.0"),
        ("c", "gcc (GCC) 13.2.1 20231011 (Red Hat 13.2.1-4)\n", "13.2.1"),
        ("bash", "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n", "5.2.15"),
        ("javascript", "v20.20.2\n", "20.20.2"),
    ],
)
def test_a_version_is_found_in_what_a_toolchain_says(
    language: str, said: str, version: str
) -> None:
    """The patterns read what the real programs print."""
    found = re.search(SHIPPED[language].toolchain.pattern, said)

    assert found is not None
    assert found[1] == version


def test_an_operator_adds_a_language(tmp_path: Path) -> None:
    """A file in the folder is one language more; other files are nothing."""
    write(tmp_path, "mine", GOOD)
    (tmp_path / "notes.txt").write_text("not TOML")
    loaded = loader.load(tmp_path)

    assert set(loaded) == {*SHIPPED, "lang"}
    assert loaded["lang"].aliases == ("lg",)


def test_an_operator_replaces_a_language(tmp_path: Path) -> None:
    """A file of the same id takes the place of Ignis's own, aliases included."""
    text = GOOD.replace('"lang"', '"python"', 1).replace('["lg"]', '["snake"]')
    loaded = loader.load(write(tmp_path, "whatever", text))

    assert set(loaded) == set(SHIPPED)
    assert (loaded["python"].name, loaded["python"].aliases) == ("Lang", ("snake",))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("id =", "id"), "line 2"),
        (('"lang"', "7"), "id: "),
        (('id = "lang"', 'id = "La ng"'), "id: "),
        (('id = "lang"', 'id = "a@b"'), "id: "),
        (('["lg"]', '["l@g"]'), "aliases.0: "),
        (('["lg"]', '["lang"]'), "same name twice"),
        (('["lg"]', '["lg", "lg"]'), "same name twice"),
        (('"main.lg"', '"../main.lg"'), "file: "),
        (('"main.lg"', '"-c"'), "file: "),
        (("(\\S+)", "(\\S+"), "toolchain.pattern: "),
        (("(\\S+)", "\\S+"), "must have a group"),
        (('command = ["lang", "{file}"]', "command = []"), "run.command: "),
        (('code = "print"', 'code = ""'), "test.code: "),
        (('stdout = "Hello\\n"', 'stdout = ""'), "test.stdout: "),
        (("[test]", "[tests]"), "test: "),
        (("[run]", "[run]\nshell = true"), "run.shell: "),
    ],
)
def test_a_bad_file_is_refused_by_its_fault(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    """One line names the file, where in it, and what is wrong."""
    assert change[0] in GOOD
    folder = write(tmp_path, "bad", GOOD.replace(*change, 1))
    with pytest.raises(LanguageError) as caught:
        loader.load(folder)

    assert str(folder / "bad.toml") in caught.value.message
    assert told in caught.value.message
    assert caught.value.reason == "LANGUAGE_FILE_INVALID"


@pytest.mark.parametrize("alias", ["py", "go"])
def test_a_name_belongs_to_one_language(tmp_path: Path, alias: str) -> None:
    """An alias that is another's name is refused, and both are named."""
    folder = write(tmp_path, "mine", GOOD.replace("lg", alias, 1))

    with pytest.raises(LanguageError, match=f"{alias} names both"):
        loader.load(folder)


def test_two_files_of_one_folder_are_two_languages(tmp_path: Path) -> None:
    """The same id twice in a folder is a mistake, not a choice."""
    write(tmp_path, "a", GOOD)
    with pytest.raises(LanguageError, match=r"b\.toml: another file of this folder is lang"):
        loader.load(write(tmp_path, "b", GOOD))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A file that can't be read is named."""
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LanguageError, match=r"bad\.toml: can't be read"):
        loader.load(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A wrong path is told, instead of silently adding nothing."""
    with pytest.raises(LanguageError, match="check LANGUAGES_DIR"):
        loader.load(tmp_path / "nowhere")
