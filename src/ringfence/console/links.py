"""How does an address keep what was chosen, while one thing changes? By leaving out what is as it would be anyway."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Links:
    """A page, what is chosen there, and what that is where nobody chose."""

    path: str
    chosen: Mapping[str, object]
    usual: Mapping[str, object]

    def to(self, **changes: object) -> str:
        """The same page with some things chosen otherwise."""
        wanted = {**self.chosen, **changes}
        asked = {name: _word(value) for name, value in wanted.items() if value != self.usual.get(name)}
        return f"{self.path}?{urlencode(asked)}" if asked else self.path


def _word(value: object) -> str:
    return "yes" if value is True else "" if value in {None, False} else str(value)
