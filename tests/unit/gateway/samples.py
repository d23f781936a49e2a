"""Descriptor sets for these tests: small contracts, compiled in process."""

from pathlib import Path

import google.api
import grpc_tools  # type: ignore[import-untyped]  # ships no types
from grpc_tools import protoc

_ROOT = Path(__file__).parents[3]
_INCLUDES = (
    _ROOT / "protos",
    Path(next(iter(google.api.__path__))).parents[1],
    Path(grpc_tools.__path__[0]) / "_proto",
)
_HEAD = """
syntax = "proto3";
package sample.v1;
import "google/api/annotations.proto";
import "ignis/v1/options.proto";
message Empty {}
message Patient { double wait = 1; }
message Named { string name = 1; }
service SampleService {
"""
KEY = "option (ignis.v1.access) = {credentials: [CREDENTIAL_API_KEY]};"
NONE = "option (ignis.v1.access) = {credentials: [CREDENTIAL_NONE]};"
SERVICE = "option (ignis.v1.access) = {credentials: [CREDENTIAL_SERVICE]};"


def get(path: str) -> str:
    """Return the option that binds an RPC to a GET of a path."""
    return f'option (google.api.http) = {{get: "{path}"}};'


def compile_service(folder: Path, *rpcs: str) -> bytes:
    """Return the descriptor set of a service with these RPCs, written as in a .proto file."""
    (folder / "sample.proto").write_text(_HEAD + "\n".join(rpcs) + "}\n")
    return _compile(folder / "sample.proto", folder)


def compile_contract(folder: Path) -> bytes:
    """Return the descriptor set of Ignis's own contract."""
    return _compile(*sorted((_ROOT / "protos/ignis/v1").glob("*.proto")), folder)


def _compile(*files_and_folder: Path) -> bytes:
    *files, folder = files_and_folder
    out = folder / "set.binpb"
    includes = [f"-I{each}" for each in (*_INCLUDES, folder)]
    arguments = ["protoc", *includes, "--include_imports", f"--descriptor_set_out={out}"]
    assert protoc.main([*arguments, *map(str, files)]) == 0
    return out.read_bytes()
