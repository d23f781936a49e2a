"""Settings of the executor."""

import os
from ipaddress import ip_address, ip_network

import pytest

from ignis.executor.sandbox.docker.options import DockerOptions
from ignis.executor.sandbox.network.options import NetworkOptions
from ignis.executor.settings import ExecutorSettings
from ignis.languages import loader
from ignis.server.settings import load


def test_there_is_a_slot_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 slots mean one for each core that this process may use."""
    assert load(ExecutorSettings).slots == len(os.sched_getaffinity(0))
    monkeypatch.setenv("EXECUTOR_SLOTS", "7")
    assert load(ExecutorSettings).slots == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IGNIS_SANDBOX", "none"),
        ("EXECUTOR_POOL", "a.b"),
        ("EXECUTOR_POOL", "a>"),
        ("EXECUTOR_POOL", "A"),
        ("EXECUTOR_SLOTS", "-1"),
        ("JOB_MAX_ATTEMPTS", "0"),
        ("EXECUTOR_COMPILE_CACHE_MB", "-1"),
        ("EXECUTOR_COMPILE_CACHE_HOURS", "0"),
        ("SANDBOX_IMAGES", "go"),
        ("SANDBOX_IMAGES", "go=a,"),
        ("SANDBOX_IMAGES", "go=a b"),
        ("SANDBOX_NETWORK", "maybe"),
        ("SANDBOX_NETWORK_DNS", "resolver"),
        ("SANDBOX_NETWORK_DNS", "127.0.0.53"),
        ("SANDBOX_NETWORK_DENY", "10.0.0.1/8"),
    ],
)
def test_what_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    """A pool that can't be part of a subject, or no sandbox at all, ends the start by its name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(ExecutorSettings)

    assert capsys.readouterr().err.startswith(f"ignis: {name}: ")


def test_what_docker_is_opened_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's own variables mean what Docker means by them; limits are the job service's."""
    assert load(ExecutorSettings).docker == DockerOptions()
    for name, value in {
        "SANDBOX_IMAGE": "mine",
        "SANDBOX_RUNTIME": "runsc",
        "IGNIS_ALLOW_OLD_RUNC": "1",
        "DOCKER_HOST": "tcp://engine:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": "/certs",
        "LIMIT_MEMORY_KB": "65536",
        "LIMIT_PROCESSES_MAX": "32",
        "LIMIT_FILE_BYTES_MAX": "8192",
    }.items():
        monkeypatch.setenv(name, value)

    assert load(ExecutorSettings).docker == DockerOptions(
        image="mine",
        host="tcp://engine:2376",
        tls_verify=True,
        cert_path="/certs",
        runtime="runsc",
        allow_old_runc=True,
        memory_kb=65_536,
        processes=32,
        file_bytes=8192,
    )


def test_which_image_runs_a_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's word for one language, then its file's, then the rule for all."""
    go, python = loader.load()["go"], loader.load()["python"]
    odd = go.model_copy(update={"id": "c++"})
    own = go.model_copy(update={"image": "go-by-file"})
    settings = load(ExecutorSettings)

    assert ["ignis-runtime-go", "ignis-runtime-cpp", "go-by-file"] == [
        settings.image_of(one) for one in (go, odd, own)
    ]
    monkeypatch.setenv("SANDBOX_IMAGE", "all:1")
    monkeypatch.setenv("SANDBOX_IMAGES", "go=golang:1.2,c++=gcc")
    settings = load(ExecutorSettings)

    assert ["golang:1.2", "gcc", "golang:1.2", "all:1"] == [
        settings.image_of(one) for one in (go, odd, own, python)
    ]


def test_what_the_network_is_opened_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """No program has a network until the operator says so; a deny-list is read as networks."""
    assert load(ExecutorSettings).network == NetworkOptions()
    monkeypatch.setenv("SANDBOX_NETWORK", "true")
    monkeypatch.setenv("SANDBOX_NETWORK_DNS", "10.0.0.53")
    monkeypatch.setenv("SANDBOX_NETWORK_DENY", "45.11.0.0/24, 2600::1")

    assert load(ExecutorSettings).network == NetworkOptions(
        enabled=True,
        dns=ip_address("10.0.0.53"),
        denied=(ip_network("45.11.0.0/24"), ip_network("2600::1")),
    )
