"""Builds Envoy's configuration: python -m gateway.build --descriptor IN --out OUT."""

import argparse
import re
import sys
import textwrap
from pathlib import Path

from gateway.contract import ContractError, Rpc, read_contract
from gateway.limits import MAX_BODY_BYTES, MAX_HEADERS_KIB
from gateway.replies import mapper_lines
from gateway.routes import clusters, route_lines, transcoded_services

_HERE = Path(__file__).parent
_MARKER = re.compile(r"^( *)@\{([a-z_.]+)\}$", re.MULTILINE)
_NUMBERS = {"max_body_bytes": MAX_BODY_BYTES, "max_headers_kib": MAX_HEADERS_KIB}
_PLACEHOLDER = re.compile(r"\$\{[A-Z_]+\}")


def build(descriptor_set: bytes) -> str:
    """Return envoy.yaml with its blocks filled in from the contract.

    `${NAME}` placeholders stay: they are known only where Envoy starts, and
    are listed at the top of envoy.yaml. No other dollar sign is left, so that
    both string.Template and envsubst can fill them. Raises ContractError.
    """
    rpcs = read_contract(descriptor_set)
    text = _fill((_HERE / "envoy.yaml").read_text(), _blocks(rpcs))
    for name, value in _NUMBERS.items():
        text = text.replace(f"@{{{name}}}", str(value))
    if "$" in _PLACEHOLDER.sub("", text):
        message = "a dollar sign that is no placeholder is left in the configuration"
        raise ContractError(message)
    return text


def main() -> None:
    """Read the command line, build, and write the result."""
    parser = argparse.ArgumentParser(prog="gateway.build", description=__doc__)
    parser.add_argument("--descriptor", type=Path, required=True, help="the descriptor set")
    parser.add_argument("--out", type=Path, required=True, help="where the result goes")
    arguments = parser.parse_args()
    try:
        text = build(arguments.descriptor.read_bytes())
    except (ContractError, OSError) as error:
        sys.exit(f"gateway: {error}")
    arguments.out.write_text(text)


def _blocks(rpcs: list[Rpc]) -> dict[str, str]:
    return {
        "routes": route_lines(rpcs),
        "local_replies": mapper_lines(),
        "services": "\n".join(f"- {name}" for name in transcoded_services(rpcs)),
        "clusters": _cluster_lines(rpcs),
        "cors.lua": _lua("cors"),
        "drain.lua": _lua("drain"),
        "answers.lua": _lua("errors", "grpc", "answers"),
    }


def _lua(*names: str) -> str:
    """Return Lua files as one program, each knowing the locals of those before it."""
    return "\n".join((_HERE / f"{name}.lua").read_text() for name in names)


def _cluster_lines(rpcs: list[Rpc]) -> str:
    template = (_HERE / "cluster.yaml").read_text()
    return "\n".join(
        template.replace("@{name}", name)
        .replace("@{NAME}", name.upper())
        .replace("@{service}", service)
        for name, service in clusters(rpcs).items()
    )


def _fill(text: str, blocks: dict[str, str]) -> str:
    """Put each block in the place of its marker, indented as the marker is."""

    def block(marker: re.Match[str]) -> str:
        return textwrap.indent(blocks[marker[2]].rstrip("\n"), marker[1])

    return _MARKER.sub(block, text)


if __name__ == "__main__":
    main()
