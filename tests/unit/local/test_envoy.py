"""The gateway's template is filled in safely."""

import pytest

from ignis.local.envoy import fill
from ignis.local.errors import StackError


def test_values_are_filled_in_and_escaped() -> None:
    """A path with a quote stays one YAML string."""
    filled = fill('port: ${PORT}\npath: "${DESCRIPTOR}"', {"PORT": 8080, "DESCRIPTOR": 'a"b'})

    assert filled == 'port: 8080\npath: "a\\"b"'


def test_a_placeholder_without_a_value_is_told() -> None:
    """A template of another version ends the start with what to do."""
    with pytest.raises(StackError, match=r"NEW_ONE.*make build"):
        fill("${NEW_ONE}", {})
