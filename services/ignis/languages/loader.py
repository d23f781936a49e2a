"""Reads the language files: those of Ignis, and those that an operator adds."""

import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError

from ignis.errors import InvalidArgument
from ignis.languages.models import Language


class LanguageError(InvalidArgument):
    """A language file that can't be used; the text says which and why."""

    def __init__(self, message: str) -> None:
        super().__init__("LANGUAGE_FILE_INVALID", message)


def parse(name: str, text: str) -> Language:
    """Read one file.

    Raises:
        LanguageError: it isn't TOML, or not a language.
    """
    try:
        return Language.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LanguageError(f"{name}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LanguageError(f"{name}: {where}: {first['msg']}") from None


def load(extra: Path | None = None) -> dict[str, Language]:
    """Read all languages, by id. A file in `extra` replaces one of the same id.

    Raises:
        LanguageError: a file can't be used, two languages share a name, or
            there is no folder `extra`.
    """
    found = _read(resources.files("ignis.languages"))
    if extra is not None:
        if not extra.is_dir():
            raise LanguageError(f"{extra}: is no folder; check LANGUAGES_DIR")
        found |= _read(extra)
    _refuse_shared_names(found)
    return found


def _read(folder: Traversable) -> dict[str, Language]:
    found: dict[str, Language] = {}
    for name, text in _texts(folder):
        language = parse(name, text)
        if language.id in found:
            raise LanguageError(f"{name}: another file of this folder is {language.id}, too")
        found[language.id] = language
    return found


def _texts(folder: Traversable) -> Iterator[tuple[str, str]]:
    files = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    for file in sorted(files, key=lambda file: file.name):
        try:
            yield str(file), file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LanguageError(f"{file}: can't be read: {error}") from None


def _refuse_shared_names(languages: dict[str, Language]) -> None:
    owners: dict[str, str] = {}
    for language in languages.values():
        for name in (language.id, *language.aliases):
            if name in owners:
                raise LanguageError(f"{name} names both {owners[name]} and {language.id}")
            owners[name] = language.id
