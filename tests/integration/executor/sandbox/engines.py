"""The Docker Engine that tests use: this machine's own, with an image that needs no registry."""

import functools
import os
from typing import NoReturn

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from ignis.executor.sandbox.docker.options import DockerOptions

IMAGE = os.environ.get("IGNIS_TEST_IMAGE", "ignis-ci-base")  # as deploy/ci/base-image.sh makes it
# Nothing of a stranger's runs in tests, and Debian's runc is never new enough.
OPTIONS = DockerOptions(image=IMAGE, host=os.environ.get("DOCKER_HOST", ""), allow_old_runc=True)


def client() -> docker.APIClient:
    """Return a client of the engine; raises DockerException without one."""
    return docker.APIClient(base_url=OPTIONS.host or None, version="auto")


@functools.cache
def why_not() -> str:
    """Return why docker can't be tested here, empty if it can."""
    try:
        engine = client()
        engine.inspect_image(IMAGE)  # type: ignore[no-untyped-call]  # its stub has no types
    except ImageNotFound:
        return f"no image {IMAGE}: deploy/ci/base-image.sh makes it"
    except DockerException as error:
        return f"no Docker Engine answers: {error}"
    return ""


def skip_without() -> None:
    """Skip where docker can't be tested; in CI that is a failure."""
    reason = why_not()
    if reason:
        skip(reason)


def skip(reason: str) -> NoReturn:
    """Skip what this machine lacks; in CI, where everything is installed, that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def settings() -> dict[str, str]:
    """Return the variables of an executor that runs programs in docker."""
    return {
        "IGNIS_SANDBOX": "docker",
        "SANDBOX_IMAGE": IMAGE,
        "IGNIS_ALLOW_OLD_RUNC": "1",
        "DOCKER_HOST": OPTIONS.host,
    }
