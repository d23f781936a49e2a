"""Starts the auth service: `python -m ignis.auth`."""

from ignis.auth.build import build
from ignis.auth.settings import AuthSettings
from ignis.server.lifecycle import run

if __name__ == "__main__":
    run("auth", AuthSettings, build)
