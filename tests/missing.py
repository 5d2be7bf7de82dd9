"""What does a test do that lacks a part it needs? It is skipped on a machine of one's own, and never in CI."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test, or fail where the tests are all that is between a change and its release."""
    if os.environ.get("CI"):
        raise FileNotFoundError(what)
    pytest.skip(what)
