"""What the gateway reads from the contract."""

import re
from pathlib import Path

import pytest
from gateway.contract import Binding, ContractError, read_contract
from tests.unit.gateway import samples


def test_an_rpc_is_read_with_all_its_bindings(tmp_path: Path) -> None:
    """Every binding of an RPC counts, with its method, path and body."""
    rule = """option (google.api.http) = {
      post: "/things" body: "*"
      additional_bindings: {patch: "/things/{name}" body: "*"}
      additional_bindings: {custom: {kind: "LIST" path: "/things"}}
    };"""
    rpc = f"rpc Do(Named) returns (Empty) {{ {rule} {samples.KEY} }}"
    [read] = read_contract(samples.compile_service(tmp_path, rpc))
    assert read.path == "/sample.v1.SampleService/Do"
    assert read.bindings == (
        Binding("POST", "/things", has_body=True),
        Binding("PATCH", "/things/{name}", has_body=True),
        Binding("LIST", "/things", has_body=False),
    )
    assert not read.is_open


def test_what_an_rpc_does_is_read(tmp_path: Path) -> None:
    """Open, waiting and streaming RPCs are told apart."""
    descriptor_set = samples.compile_service(
        tmp_path,
        f"rpc Open(Empty) returns (Empty) {{ {samples.NONE} }}",
        f"rpc Wait(Patient) returns (Empty) {{ {samples.KEY} }}",
        f"rpc Watch(Empty) returns (stream Empty) {{ {samples.KEY} }}",
        f"rpc Talk(stream Empty) returns (stream Empty) {{ {samples.KEY} }}",
    )
    facts = {
        rpc.name: (rpc.is_open, rpc.waits, rpc.streams_requests, rpc.streams_answers)
        for rpc in read_contract(descriptor_set)
    }
    assert facts == {
        "Open": (True, False, False, False),
        "Wait": (False, True, False, False),
        "Watch": (False, False, False, True),
        "Talk": (False, False, True, True),
    }


def test_rpcs_between_services_are_left_out(tmp_path: Path) -> None:
    """What only services may call has no route."""
    rpc = f"rpc Inside(Empty) returns (Empty) {{ {samples.SERVICE} }}"
    assert read_contract(samples.compile_service(tmp_path, rpc)) == []


def test_an_rpc_must_say_who_may_call_it(tmp_path: Path) -> None:
    """An RPC without the option stops the build and is named."""
    descriptor_set = samples.compile_service(tmp_path, "rpc Forgotten(Empty) returns (Empty);")
    with pytest.raises(ContractError, match=r"sample\.v1\.SampleService\.Forgotten"):
        read_contract(descriptor_set)


@pytest.mark.parametrize(
    ("template", "matching", "others"),
    [
        ("/a-b/c.d", ["/a-b/c.d"], ["/a-b/cxd", "/a-b/c.d/"]),
        ("/jobs/{job_id}", ["/jobs/1"], ["/jobs/", "/jobs/1/2"]),
        ("/jobs/{job_id}/events", ["/jobs/1/events"], ["/jobs/1", "/jobs//events"]),
        ("/jobs/{id}:cancel", ["/jobs/1:cancel"], ["/jobs/1"]),
        ("/a/*/b", ["/a/x/b"], ["/a/b", "/a/x/y/b"]),
        ("/files/{path=**}", ["/files/a", "/files/a/b"], ["/files/"]),
        ("/v/{name=keys/*}", ["/v/keys/1"], ["/v/keys", "/v/keys/1/2", "/v/jobs/1"]),
    ],
)
def test_a_template_matches_its_paths(
    template: str, matching: list[str], others: list[str]
) -> None:
    """The regular expression of a path template matches what the transcoder takes."""
    regex = re.compile(Binding("GET", template, has_body=False).regex)
    assert [path for path in matching + others if regex.fullmatch(path)] == matching
