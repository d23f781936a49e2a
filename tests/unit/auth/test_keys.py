"""The format of API keys."""

import re
import string

import pytest

from ignis.auth import keys
from ignis.server.settings import Environment


@pytest.mark.parametrize(
    ("environment", "start"),
    [(Environment.PRODUCTION, "ign_live_"), (Environment.DEVELOPMENT, "ign_dev_")],
)
def test_a_key_says_where_it_is_from(environment: Environment, start: str) -> None:
    """A key begins with its environment, then has 30 random and 6 checking characters."""
    secret = keys.generate(environment)

    assert re.fullmatch(rf"{start}[0-9A-Za-z]{{36}}", secret.text)
    assert secret.text[: len(start) + 4] == secret.prefix
    assert secret.text[-4:] == secret.last_four
    assert keys.digest(secret.text) == secret.digest
    assert keys.is_well_formed(secret.text)


def test_keys_differ() -> None:
    """No two keys are alike, and all of the alphabet is used."""
    made = {keys.generate(Environment.PRODUCTION).text for _ in range(500)}

    assert len(made) == 500
    assert set(keys.ALPHABET) == set("".join(text[9:39] for text in made))


def test_the_checksum_is_a_crc32_in_base62() -> None:
    """Anybody can compute the checksum from what is documented."""
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for character in keys.checksum("123456789"):
        value = value * 62 + alphabet.index(character)

    assert value == 0xCBF43926  # the check value of CRC-32
    assert len(keys.checksum("123456789")) == 6


def test_every_typo_is_seen() -> None:
    """A key with any one character changed is refused by its checksum."""
    text = keys.generate(Environment.PRODUCTION).text
    for place in range(len("ign_live_"), len(text)):
        for other in "0Aaz":
            if other != text[place]:
                assert not keys.is_well_formed(text[:place] + other + text[place + 1 :])


def test_swapped_neighbours_are_seen() -> None:
    """A key with two characters swapped is refused by its checksum."""
    text = keys.generate(Environment.DEVELOPMENT).text
    for place in range(len("ign_dev_"), len(text) - 1):
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if swapped != text:
            assert not keys.is_well_formed(swapped)


@pytest.mark.parametrize(
    "text",
    ["", "ign_", "ign_live_", "ign_test_" + "a" * 36, "ign_live_" + "é" * 36, "x" * 10_000],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """Anything of another form is refused."""
    assert not keys.is_well_formed(text)


def test_a_cut_or_padded_key_is_refused() -> None:
    """A key with something missing or added is refused, a line end too."""
    text = keys.generate(Environment.PRODUCTION).text

    for wrong in (text[:-1], text[1:], text + "a", text + "\n", " " + text, text.upper()):
        assert not keys.is_well_formed(wrong)


def test_another_environment_does_not_fit_the_checksum() -> None:
    """The checksum covers the environment too."""
    text = keys.generate(Environment.PRODUCTION).text

    assert not keys.is_well_formed(text.replace("ign_live_", "ign_dev_"))


def test_a_secret_does_not_show_in_its_repr() -> None:
    """A key that gets into a log by accident does not tell its secret."""
    secret = keys.generate(Environment.PRODUCTION)

    assert secret.text not in repr(secret)
