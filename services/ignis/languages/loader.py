"""Reads the language files: those of Ignis, and those that an operator adds."""

import tomllib
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from ignis.languages.models import Language


class LanguageError(Exception):
    """A language file that can't be used; the text says which and why."""


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
        LanguageError: a file can't be used, or two languages share a name.
    """
    texts = {
        file.name: file.read_text("utf-8")
        for file in resources.files("ignis.languages").iterdir()
        if file.name.endswith(".toml")
    }
    if extra is not None:
        texts |= {str(file): file.read_text("utf-8") for file in sorted(extra.glob("*.toml"))}
    found: dict[str, Language] = {}
    for name, text in texts.items():
        language = parse(name, text)
        found[language.id] = language
    _refuse_shared_names(found)
    return found


def _refuse_shared_names(languages: dict[str, Language]) -> None:
    owners: dict[str, str] = {}
    for language in languages.values():
        for name in (language.id, *language.aliases):
            if name in owners:
                raise LanguageError(f"{name} names both {owners[name]} and {language.id}")
            owners[name] = language.id
