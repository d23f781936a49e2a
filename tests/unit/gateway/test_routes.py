"""The routes that the contract gives."""

import json
from pathlib import Path
from typing import Any

import pytest
from gateway.contract import Rpc, read_contract
from gateway.routes import cluster_of, clusters, route_lines, transcoded_services
from tests.unit.gateway import samples

Route = dict[str, Any]
AUTH = "envoy.filters.http.ext_authz"
BUFFER = "envoy.filters.http.buffer"


@pytest.fixture(name="contract")
def fixture_contract(tmp_path: Path) -> list[Rpc]:
    """Ignis's own contract."""
    return read_contract(samples.compile_contract(tmp_path))


def routes_of(rpcs: list[Rpc]) -> list[Route]:
    """Return the routes as Envoy reads them: JSON is YAML."""
    return [json.loads(line.removeprefix("- ")) for line in route_lines(rpcs).splitlines()]


def routes_to(routes: list[Route], path: str) -> list[Route]:
    """Return the routes that forward exactly this path."""
    return [each for each in routes if each["match"].get("path") == path and "route" in each]


def test_every_binding_has_a_route(contract: list[Rpc]) -> None:
    """No path of the contract is missing, and each goes to the service that has it."""
    routes = routes_of(contract)
    assert sum(len(rpc.bindings) for rpc in contract) > 15
    for rpc in contract:
        for binding in rpc.bindings:
            match = {binding.template, binding.regex}
            [route] = [
                each
                for each in routes
                if "route" in each
                and {each["match"].get("path"), *each["match"].get("safe_regex", {}).values()}
                & match
                and each["match"]["headers"][0]["string_match"] == {"exact": binding.method}
            ]
            assert route["route"]["cluster"] == cluster_of(rpc.service)


def test_executors_cannot_be_reached(contract: list[Rpc]) -> None:
    """No route, service or cluster leads to what only services may call."""
    assert "ExecutorService" not in route_lines(contract)
    assert "ignis.v1.ExecutorService" not in transcoded_services(contract)
    assert set(clusters(contract)) == {"auth", "job", "webhook"}


def test_only_open_rpcs_skip_auth(contract: list[Rpc]) -> None:
    """Exactly the RPCs without a credential are not checked, over REST and gRPC alike."""
    open_paths = {
        path
        for rpc in contract
        if rpc.is_open
        for path in (rpc.path, *(binding.template for binding in rpc.bindings))
    }
    unchecked = {
        each["match"].get("path") or each["match"]["prefix"]
        for each in routes_of(contract)
        if "route" in each and AUTH in each["typed_per_filter_config"]
    }
    assert open_paths == {path for path in unchecked if not path.startswith("/grpc.")}
    assert "/health" in open_paths


def test_routes_that_wait_allow_for_it(contract: list[Rpc]) -> None:
    """Execute may wait 60 s, so that its routes allow 75; others don't."""
    routes = routes_of(contract)
    for path in ("/api/v1/public/execute", "/ignis.v1.JobService/Execute"):
        assert [each["route"]["timeout"] for each in routes_to(routes, path)] == ["75s"]
    [route] = routes_to(routes, "/ignis.v1.JobService/GetJob")
    assert route["route"]["timeout"] == "15s"


def test_streams_have_no_deadline(tmp_path: Path) -> None:
    """A stream lasts while something happens; a stream of requests is not buffered."""
    rpcs = read_contract(
        samples.compile_service(
            tmp_path,
            f"rpc Watch(Empty) returns (stream Empty) {{ {samples.KEY} }}",
            f"rpc Talk(stream Empty) returns (stream Empty) {{ {samples.KEY} }}",
        )
    )
    routes = routes_of(rpcs)
    [watch] = routes_to(routes, "/sample.v1.SampleService/Watch")
    [talk] = routes_to(routes, "/sample.v1.SampleService/Talk")
    expected = {"cluster": "sample", "timeout": "0s", "idle_timeout": "120s"}
    assert watch["route"] == talk["route"] == expected
    assert BUFFER not in watch["typed_per_filter_config"]
    assert talk["typed_per_filter_config"][BUFFER]["disabled"] is True


def test_literal_paths_come_first(tmp_path: Path) -> None:
    """A path without variables is not swallowed by one with them, nor by its refusals."""
    rpcs = read_contract(
        samples.compile_service(
            tmp_path,
            f"rpc One(Named) returns (Empty) {{ {samples.get('/things/{name}')} {samples.KEY} }}",
            f"rpc All(Empty) returns (Empty) {{ {samples.get('/things/all')} {samples.KEY} }}",
        )
    )
    rest = [
        each["match"].get("path") or each["match"]["safe_regex"]["regex"]
        for each in routes_of(rpcs)
        if "things" in str(each["match"])
    ]
    assert rest == ["/things/all", "/things/[^/]+"] * 2


def test_a_known_path_refuses_other_methods(contract: list[Rpc]) -> None:
    """405 lists every method that the path takes."""
    [refusal] = [
        each
        for each in routes_of(contract)
        if each["match"] == {"path": "/api/v1/jobs"} and "direct_response" in each
    ]
    assert refusal["direct_response"]["status"] == 405
    assert refusal["response_headers_to_add"][0]["header"] == {"key": "allow", "value": "GET, POST"}


def test_the_last_route_refuses_everything_else(contract: list[Rpc]) -> None:
    """What no route takes is 404."""
    last = routes_of(contract)[-1]
    assert (last["match"], last["direct_response"]["status"]) == ({"prefix": "/"}, 404)
