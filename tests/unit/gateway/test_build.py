"""The configuration as a whole."""

import re
import sys
from pathlib import Path
from string import Template

import pytest
from gateway import build
from gateway.contract import ContractError
from tests.unit.gateway import samples


@pytest.fixture(name="text")
def fixture_text(tmp_path: Path) -> str:
    """The configuration that Ignis's own contract gives."""
    return build.build(samples.compile_contract(tmp_path))


def test_the_head_lists_every_placeholder(text: str) -> None:
    """Whoever starts Envoy finds at the top what to fill in, and nothing else is left."""
    head = text.partition("node:")[0]
    documented = set(re.findall(r"\b[A-Z]+_?(?:HOST|PORT|ORIGIN)\b|\bDESCRIPTOR\b|\bPORT\b", head))
    assert documented == set(Template(text).get_identifiers())


def test_filling_in_leaves_no_marker(text: str) -> None:
    """Neither a dollar sign nor a marker survives."""
    values = dict.fromkeys(Template(text).get_identifiers(), "1")
    filled = Template(text).substitute(values)
    assert "$" not in filled
    assert "@{" not in filled


def test_blocks_keep_their_indentation(text: str) -> None:
    """Lua and routes stand below their keys, so that the YAML around them holds."""
    lines = text.splitlines()
    for key, block in (("inline_string: |", "-- "), ("routes:", '- {"match"')):
        at = next(number for number, line in enumerate(lines) if line.strip() == key)
        indent = len(lines[at]) - len(lines[at].lstrip())
        assert lines[at + 1].startswith(" " * (indent + 2) + block)


def test_a_stray_dollar_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What string.Template or envsubst would trip over is found when building."""
    descriptor_set = samples.compile_contract(tmp_path)
    monkeypatch.setattr(build, "mapper_lines", lambda: '- {"regex": "a$"}')
    with pytest.raises(ContractError, match="dollar"):
        build.build(descriptor_set)


def test_the_command_writes_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """`python -m gateway.build` reads one file and writes the other."""
    samples.compile_contract(tmp_path)
    arguments = ["--descriptor", f"{tmp_path}/set.binpb", "--out", f"{tmp_path}/envoy.yaml"]
    monkeypatch.setattr(sys, "argv", ["build", *arguments])
    build.main()
    assert text == (tmp_path / "envoy.yaml").read_text()


def test_a_missing_descriptor_set_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command names the file that it could not read."""
    arguments = ["--descriptor", f"{tmp_path}/none.binpb", "--out", f"{tmp_path}/envoy.yaml"]
    monkeypatch.setattr(sys, "argv", ["build", *arguments])
    with pytest.raises(SystemExit, match=r"gateway: .*none\.binpb"):
        build.main()
