"""Sandboxes for the tests in this folder."""

from tests.integration.executor.sandbox.hosts import mode_fixture, sandbox_fixture, sharp_fixture

__all__ = ["mode_fixture", "sandbox_fixture", "sharp_fixture"]
