from pathlib import Path

import pytest
from tests.guard.live.parts import KNOWN, publish

from ringfence.guard.live.known_hashes import FILE
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A workspace with a lexicon, known hashes and a snapshot in which two accounts are members."""
    place = Workspace.create(tmp_path / "platform")
    Lexicon.from_terms(["firecrest"]).write(place.lexicon_file)
    (place.path / FILE).write_text(f"# known\n{KNOWN}\n")
    publish(place, ["acct-1", "acct-2"])
    return place
