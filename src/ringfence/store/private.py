"""What is in a file with a secret? It is read only where its owner alone may read it."""

import os
import stat
from pathlib import Path

from ringfence.model.faults import Fault


def read(path: Path, most: int) -> bytes:
    """The first `most` bytes of a secret's file. Raises Fault where others may read it; none repeats what is in it."""
    try:
        with path.open("rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(most)
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its name and rights") from None
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
        mend = f"run `chmod 600 {path}`, and say who may have seen it"
        raise Fault("may be read by others than its owner", where=str(path), mend=mend)
    return content
