"""What has `ringfence live` come to, as far as it is kept? The next snapshot takes it in."""

from collections.abc import Callable, Mapping
from functools import partial

import pyarrow as pa

from ringfence.guard.live import checkpoint
from ringfence.guard.live.delta import flags_and_tags
from ringfence.store.workspace import Workspace

FOLDER = "live"


def kept(workspace: Workspace) -> Callable[[list[str]], tuple[pa.Table, Mapping[str, float]]] | None:
    """What publish asks for: flags and shares of tags, given the accounts that make a tag risky.

    None where nothing was ever read. Raises Fault for a checkpoint that is not whole: a snapshot without what it held
    would let through what the guard holds back now.
    """
    found = checkpoint.load(workspace.path / FOLDER / checkpoint.FILE)
    return partial(flags_and_tags, found.state) if found else None
