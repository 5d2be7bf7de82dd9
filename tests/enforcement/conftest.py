from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cases.conftest import room, template
from tests.enforcement.platform import Platform

__all__ = ["room", "template"]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform that answers, in a process of its own."""
    made = Platform(tmp_path)
    yield made
    made.stop()
