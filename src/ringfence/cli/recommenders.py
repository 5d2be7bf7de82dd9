"""Which recommenders does `ringfence exposure` ask? References by their names, and the platform's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ringfence.exposure.audit import Trouble
from ringfence.exposure.recommenders.checked import Checked
from ringfence.exposure.recommenders.endpoint import PlatformEndpoint
from ringfence.exposure.recommenders.function import PlatformFunction
from ringfence.exposure.recommenders.logged import Logged
from ringfence.exposure.recommenders.platform import Names, Platform
from ringfence.exposure.recommenders.references import Kind, reference
from ringfence.exposure.recommenders.suggestions import Recommender
from ringfence.exposure.recommenders.table import Precomputed
from ringfence.exposure.recommenders.troubles import Trouble as Sort
from ringfence.exposure.viewers import Repeated
from ringfence.graph.csr import Csr
from ringfence.model.faults import Fault
from ringfence.model.words import Surface

ENDPOINT, FUNCTION = "endpoint", "function"
TABLE, IMPRESSIONS = "table", "impressions"


@dataclass(frozen=True, slots=True)
class Own:
    """The platform's own recommender, as the options name it. `headers` are told nowhere."""

    endpoint: str | None
    function: str | None
    headers: Sequence[str]
    seconds: float
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a platform shows now, as a file of slates and as its own log has it; such slates only repeat themselves."""

    table: Path | None
    impressions: Surface | None


def recommenders(kinds: Sequence[Kind], own: Own, follows: Csr, names: Names) -> Mapping[str, Recommender]:
    """Everybody asked for, by name; friend-of-friend where nobody was. Raises Fault for what cannot be asked."""
    platforms: dict[str, Platform] = {}
    if own.endpoint:
        headers = dict(_header(one) for one in own.headers)
        platforms[ENDPOINT] = PlatformEndpoint(own.endpoint, seconds=own.seconds, retries=own.retries, headers=headers)
    if own.function:
        platforms[FUNCTION] = PlatformFunction(own.function, seconds=own.seconds)
    references = kinds or ([] if platforms else [Kind.FRIEND_OF_FRIEND])
    asked: dict[str, Recommender] = {str(kind): reference(kind, follows) for kind in references}
    return asked | {name: Checked(platform, names) for name, platform in platforms.items()}


def repeated(kept: Kept, connection: duckdb.DuckDBPyConnection, names: Names) -> Mapping[str, Repeated]:
    """Everything kept, by name. Raises Fault for a file that cannot be read as slates, and for slates of nobody."""
    found: dict[str, Repeated] = {}
    if kept.table:
        found[TABLE] = Repeated(Precomputed.from_file(kept.table), names)
    if kept.impressions:
        found[IMPRESSIONS] = Repeated(Logged.from_events(connection, kept.impressions), names)
    for name, slates in found.items():
        if not len(slates.viewers):
            raise Fault("no viewer has a slate", where=name, mend="give slates of the workspace's own accounts")
    return found


def options(asked: Mapping[str, Recommender], own: Own, kept: Kept) -> list[str]:
    """The options that ask the same again, headers left out."""
    told = {ENDPOINT: f"--endpoint {own.endpoint}", FUNCTION: f"--function {own.function}"}
    words = [told.get(name, f"--recommender {name}") for name in asked]
    if told.keys() & asked.keys():
        words += [f"--seconds {own.seconds:g}", f"--retries {own.retries}"]
    words += [f"--table {kept.table}"] if kept.table else []
    return words + ([f"--impressions {kept.impressions}"] if kept.impressions else [])


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
