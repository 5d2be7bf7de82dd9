"""With which secret are orders signed? From the environment, or from a file that its owner alone may read.

It is never written, logged or told.
"""

import os
from pathlib import Path

from ringfence.model.faults import Fault
from ringfence.store import private
from ringfence.store.config_cases import Enforcement

SHORTEST, LONGEST = 16, 4_096  # bytes; 16 random ones cannot be guessed


def secret(settings: Enforcement) -> bytes:
    """The secret that the settings point to. Raises Fault, which repeats nothing of it."""
    if bool(settings.secret_variable) == bool(settings.secret_file):
        mend = "set enforcement.secret_variable or enforcement.secret_file, and not both"
        raise Fault("a webhook needs one secret", where="ringfence.toml", mend=mend)
    if settings.secret_variable:
        where = f"the environment variable {settings.secret_variable}"
        text = os.environ.get(settings.secret_variable, "").encode()
    else:
        where, text = settings.secret_file, private.read(Path(settings.secret_file), LONGEST + 2)
    text = text.strip()
    if not SHORTEST <= len(text) <= LONGEST:
        mend = f"give it {SHORTEST} to {LONGEST:,} bytes, from a random source"
        raise Fault("holds no secret that can be used", where=where, mend=mend)
    return text
