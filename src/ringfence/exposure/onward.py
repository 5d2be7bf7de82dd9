"""Which hashtags lead into networks though nobody of a network need use them?

A test account that starts on a tag's page follows one of its top accounts; how likely is it to be shown a member within
three slates, beyond what any start leads to? Only accounts that are neither members nor likely minors are started from.
People are counted, not posts: the page may be flooded, so the figure of all people who use the tag stands beside it,
and the lesser of both counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from ringfence.exposure.exact import Chances
from ringfence.exposure.recommenders.popular_in_hashtag import PopularInHashtag
from ringfence.exposure.simulate import Mask
from ringfence.exposure.strata import INNOCENT, as_flags
from ringfence.guard.tag_risk import LEAST_USERS, recent_uses, tag_risk

SLATES = 3  # within which a member is shown, or is not
TOP = 10  # accounts of a page that a test account may start by following
AT_LEAST = 0.5  # lift from which a tag is fed
SHRINK = 10  # people: with as many users a tag keeps half of its lift, since a few are soon all unlucky
# Association alone never decides: at most, a tag weighs as if so many of its people were members. The default policy
# shows such a tag last and leaves out none.
MOST = 0.75

_PEOPLE = """
SELECT tag, count(*) AS users, avg(chance) AS chance FROM tag_uses JOIN starts ON starts.id = account
GROUP BY tag HAVING count(*) >= $least ORDER BY tag
"""


@dataclass(frozen=True, slots=True)
class OnwardTag:
    """One tag in its plain form. Chances are of a member within three slates, by whom a test account starts from."""

    tag: str
    users: int  # people who used it lately, members and likely minors left out
    page: float  # of the top accounts of its page
    people: float  # of all its users
    own: float  # share of its recent users who are members
    lift: float  # (min(page, people) - usual) / (1 - usual) x users / (users + 10), `usual` over all starts


def onward_tags(
    connection: duckdb.DuckDBPyConnection, chances: Chances, members: Mask, minors: Mask
) -> tuple[OnwardTag, ...]:
    """Tags with a lift of half or more of whose recent users fewer than a tenth are members, the highest lift first.

    `chances` has one entry an account: how likely a test account that starts from it is shown a member. `connection` is
    one to the workspace's events.
    """
    innocent = ~members & ~minors
    if not innocent.any() or (usual := float(chances[innocent].mean())) >= 1:
        return ()
    spelled = _spelled(recent_uses(connection))
    ids = np.flatnonzero(innocent)
    connection.register("starts", pa.table({"id": pa.array(ids), "chance": chances[ids]}))
    people = connection.execute(_PEOPLE, {"least": LEAST_USERS}).fetchall()
    connection.unregister("starts")
    own = used_by(connection, members)
    pages = PopularInHashtag.from_events(connection)
    found = []
    for tag, users, mean in people:
        if _lift(mean, usual, users) < AT_LEAST or own.get(tag, 0.0) >= INNOCENT:
            continue
        page = max((_page(pages, written, chances, innocent) for written in spelled[tag]), default=0.0)
        lift = _lift(min(page, mean), usual, users)
        if lift >= AT_LEAST:
            found.append(OnwardTag(tag, users, page, mean, own.get(tag, 0.0), lift))
    return tuple(sorted(found, key=lambda one: (-one.lift, one.tag)))


def used_by(connection: duckdb.DuckDBPyConnection, members: Mask) -> dict[str, float]:
    """The share of each tag's recent users that are among `members`, people counted as `tag_risk` counts them."""
    return tag_risk(connection, as_flags(connection, np.flatnonzero(members).astype(np.uint32)))


def most_of(shares: Mapping[str, float]) -> dict[str, float]:
    """What the guard is told of shares that rest on no flag: never more than `MOST`."""
    return {tag: min(share, MOST) for tag, share in shares.items()}


def _lift(chance: float, usual: float, users: int) -> float:
    return (chance - usual) / (1 - usual) * users / (users + SHRINK)


def _spelled(folded: pa.Table) -> dict[str, list[str]]:
    """How each tag is written, by its plain form."""
    spelled: dict[str, list[str]] = {}
    for row in folded.to_pylist():
        spelled.setdefault(row["tag"], []).append(row["written"])
    return spelled


def _page(pages: PopularInHashtag, written: str, chances: Chances, innocent: Mask) -> float:
    """The mean over the top accounts that a test account may start by following; 0 for a page without one."""
    shown = pages(written, 10 * TOP).ids
    starts = shown[innocent[shown]][:TOP]
    return float(chances[starts].mean()) if len(starts) else 0.0
