"""Which recommenders does `ringfence exposure` ask? References by their names, and the platform's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ringfence.exposure.audit import Trouble
from ringfence.exposure.recommenders.checked import Checked
from ringfence.exposure.recommenders.endpoint import PlatformEndpoint
from ringfence.exposure.recommenders.function import PlatformFunction
from ringfence.exposure.recommenders.platform import Names, Platform
from ringfence.exposure.recommenders.references import Kind, reference
from ringfence.exposure.recommenders.suggestions import Recommender
from ringfence.exposure.recommenders.troubles import Trouble as Sort
from ringfence.graph.csr import Csr
from ringfence.model.faults import Fault

ENDPOINT, FUNCTION = "endpoint", "function"


@dataclass(frozen=True, slots=True)
class Own:
    """The platform's own recommender, as the options name it. `headers` are told nowhere."""

    endpoint: str | None
    function: str | None
    headers: Sequence[str]
    seconds: float


def recommenders(kinds: Sequence[Kind], own: Own, follows: Csr, names: Names) -> Mapping[str, Recommender]:
    """Everybody asked for, by name; friend-of-friend where nobody was. Raises Fault for what cannot be asked."""
    platforms: dict[str, Platform] = {}
    if own.endpoint:
        headers = dict(_header(one) for one in own.headers)
        platforms[ENDPOINT] = PlatformEndpoint(own.endpoint, seconds=own.seconds, headers=headers)
    if own.function:
        platforms[FUNCTION] = PlatformFunction(own.function, seconds=own.seconds)
    references = kinds or ([] if platforms else [Kind.FRIEND_OF_FRIEND])
    asked: dict[str, Recommender] = {str(kind): reference(kind, follows) for kind in references}
    return asked | {name: Checked(platform, names) for name, platform in platforms.items()}


def options(asked: Mapping[str, Recommender], own: Own) -> list[str]:
    """The options that ask the same again, headers left out."""
    told = {ENDPOINT: f"--endpoint {own.endpoint}", FUNCTION: f"--function {own.function}"}
    return [told.get(name, f"--recommender {name}") for name in asked]


def troubles(recommender: Recommender) -> tuple[Trouble, ...]:
    """What was wrong with the answers of a platform's own; a reference has none."""
    if not isinstance(recommender, Checked):
        return ()
    found = recommender.troubles
    return tuple(
        Trouble(str(sort), getattr(found, sort), found.examples.get(sort, "")) for sort in Sort if getattr(found, sort)
    )


def _header(given: str) -> tuple[str, str]:
    name, colon, value = given.partition(":")
    if not colon or not name.strip():
        raise Fault("is no header", where="--header", mend='write it as "name: value"')
    return name.strip(), value.strip()
