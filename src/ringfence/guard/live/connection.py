"""What does a broker ask of its clients, and under which name are we known to it?

Passwords stand in a file of their own, which `live.connection_file` names: neither in the settings nor in a command.
"""

import tomllib
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from ringfence.model.faults import Fault


def reader(workspace: Path) -> str:
    """The name of this workspace's reader: two workspaces may read the same stream."""
    return f"ringfence-live-{blake2b(str(workspace.resolve()).encode(), digest_size=6).hexdigest()}"


def read(path: Path, section: str) -> Mapping[str, str]:
    """The settings under one heading of a TOML file, as text. Raises Fault for a file that has none."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8")).get(section)
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("cannot be read", where=str(path), mend="check its name and rights") from error
    except tomllib.TOMLDecodeError as error:
        # The error's own words may repeat a password.
        raise Fault("cannot be read as TOML", where=str(path), mend='write each setting as name = "value"') from error
    if not isinstance(said, dict) or not all(isinstance(value, (str, int, bool)) for value in said.values()):
        raise Fault(f"has no settings under [{section}]", where=str(path), mend='write each as name = "value"')
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in said.items()}
