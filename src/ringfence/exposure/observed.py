"""What were real people shown, day by day? Read off the impressions that the platform logged, nothing drawn or walked.

Members are whom discovery has found by now; what they are shown themselves is left out. Viewers are counted, and the
bootstrap draws viewers: what one is shown in a day hangs together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.exposure.estimates import Estimate, amplified, ratio, resamples_of_kinds
from ringfence.graph.csr import Ids
from ringfence.model.faults import Fault
from ringfence.model.words import Relation, Surface, Table

DAYS = 30

# One row for an account that one viewer was shown at one time; `told` is how many rows of the log say so.
_SHOWN = """
CREATE OR REPLACE TEMP TABLE shown AS
SELECT surface, viewer, "at", id AS account, min(position) AS position, count(*) AS told,
       count(*) FILTER (position IS NULL OR position < 0) AS misplaced
FROM (FROM impressions WHERE surface IN (SELECT unnest($surfaces)) AND "at" >= $first::DATE) AS logged
LEFT JOIN account_ids ON account_id = shown_id
GROUP BY surface, viewer, "at", id
"""
# A viewer counts among those who follow a member on the days after the first such follow: one that came of that day's
# suggestions must not explain them.
_FOLLOWING = f"""
CREATE OR REPLACE TEMP TABLE following AS
SELECT src AS viewer, min(coalesce("at", 'epoch'::TIMESTAMPTZ)) AS since
FROM ties SEMI JOIN found ON found.id = dst WHERE relation = '{Relation.FOLLOWS}' GROUP BY src
"""
# Viewers of one day that were shown as many accounts and as many members are one kind.
_KINDS = """
WITH usable AS (
    FROM shown ANTI JOIN found ON found.id = shown.viewer WHERE account IS NOT NULL AND viewer IS NOT NULL
),
days AS (
    SELECT surface, "at"::DATE AS day, viewer, count(*) AS slots, count(found.id) AS held
    FROM usable LEFT JOIN found ON found.id = account GROUP BY surface, day, viewer
)
SELECT surface, day, coalesce(since <= day::TIMESTAMPTZ, false) AS near, slots, held, count(*) AS viewers
FROM days LEFT JOIN following USING (viewer) GROUP BY ALL ORDER BY ALL
"""
_FLAWS = """
WITH slates AS (
    SELECT surface, count(position) - count(DISTINCT position) AS crowded FROM shown
    WHERE account IS NOT NULL AND viewer IS NOT NULL GROUP BY surface, viewer, "at"
),
rows AS (
    SELECT surface, sum(told)::BIGINT AS rows,
           coalesce(sum(told) FILTER (account IS NULL OR viewer IS NULL), 0)::BIGINT AS unknown,
           coalesce(sum(told - 1) FILTER (account IS NOT NULL AND viewer IS NOT NULL), 0)::BIGINT AS repeated,
           sum(misplaced)::BIGINT AS misplaced,
           coalesce(sum(told) FILTER (viewer IN (SELECT id FROM found)), 0)::BIGINT AS own
    FROM shown GROUP BY surface
)
SELECT rows.*, coalesce((SELECT sum(crowded) FROM slates WHERE slates.surface = rows.surface), 0)::BIGINT AS crowded
FROM rows ORDER BY surface
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What the viewers of one surface, members left out, were shown on one day (UTC)."""

    day: str  # ISO 8601
    viewers: int
    slots: int
    share: Estimate  # of slots that held a member
    ever: Estimate  # of viewers shown a member at all
    amplification: Estimate  # share of those who follow a member over share of those who follow none


@dataclass(frozen=True, slots=True)
class Flaws:
    """Rows of a surface's log, and what was odd about them."""

    rows: int
    unknown: int  # of a viewer or an account that the platform has not; left out
    own: int  # shown to members; left out
    repeated: int  # rows that tell again what one viewer was shown at one time; counted once
    crowded: int  # accounts at a position that their slate had before; kept
    misplaced: int  # positions below 0 or none; kept


@dataclass(frozen=True, slots=True)
class Observed:
    """One surface. `gaps` are days with nothing logged, from its first day to the last of the whole log."""

    surface: str
    days: tuple[Day, ...]
    gaps: tuple[str, ...]
    flaws: Flaws

    @property
    def rose(self) -> bool:
        """Does the interval of the last day's share lie above the mean of the days before?"""
        before = [one.share.value for one in self.days[:-1] if not np.isnan(one.share.value)]
        return bool(before) and self.days[-1].share.low > float(np.mean(before))


def observed(
    connection: duckdb.DuckDBPyConnection,
    members: Ids,
    seed: int,
    *,
    days: int = DAYS,
    surfaces: Sequence[Surface] = (),
) -> tuple[Observed, ...]:
    """Every surface that has impressions on the last `days` of the log, or those of `surfaces` that have, by name.

    `connection` is one to a workspace's events, `members` are dense ids. Memory is bounded by the connection's limit
    and one number for each kind of viewer. Raises Fault for fewer days than one, and where nothing was logged.
    """
    if days < 1:
        raise Fault(f"{days} is no number of days", where="days", mend="give 1 or more")
    last = connection.sql('SELECT max("at")::DATE FROM impressions').fetchall()[0][0]
    asked = [str(surface) for surface in surfaces or Surface]
    connection.register("found", pa.table({"id": pa.array(np.unique(members), pa.uint32())}))
    if last is not None:
        connection.execute(_SHOWN, {"surfaces": asked, "first": last - timedelta(days - 1)})
    if last is None or not connection.sql("SELECT count(*) FROM shown").fetchall()[0][0]:
        where = f"impressions of {', '.join(asked)}"
        raise Fault("none were logged", where=where, mend=f"ingest a table named {Table.IMPRESSIONS}")
    connection.execute(_FOLLOWING)
    kinds = connection.sql(_KINDS).to_arrow_table()
    flaws = connection.sql(_FLAWS).to_arrow_table().to_pylist()
    logged = connection.sql('SELECT DISTINCT surface, "at"::DATE FROM shown').fetchall()
    connection.execute("DROP TABLE shown; DROP TABLE following")
    connection.unregister("found")
    by_day = _days(kinds, seed)
    return tuple(
        Observed(
            one["surface"],
            tuple(by_day.get(one["surface"], ())),
            _gaps([day for surface, day in logged if surface == one["surface"]], last),
            Flaws(**{name: count for name, count in one.items() if name != "surface"}),
        )
        for one in flaws
    )


def _days(kinds: pa.Table, seed: int) -> dict[str, list[Day]]:
    told: dict[str, list[Day]] = {}
    rows = kinds.to_pylist()
    for (surface, day), some in groupby(rows, key=lambda row: (row["surface"], row["day"])):
        alike = list(some)
        columns = (np.array([row[name] for row in alike]) for name in ("near", "slots", "held", "viewers"))
        told.setdefault(surface, []).append(_day(day, *columns, seed=seed))
    return told


def _day(
    day: date,
    near: NDArray[np.bool_],
    slots: NDArray[np.int64],
    held: NDArray[np.int64],
    viewers: NDArray[np.int64],
    *,
    seed: int,
) -> Day:
    """One entry a kind of viewer."""
    draws, everybody = resamples_of_kinds(viewers, seed), int(viewers.sum())
    shown, hits = slots * viewers, held * viewers
    return Day(
        day=day.isoformat(),
        viewers=everybody,
        slots=int(shown.sum()),
        share=ratio(hits, shown, draws, everybody),
        ever=ratio(viewers * (held > 0), viewers, draws, everybody),
        amplification=amplified(
            (hits * near, shown * near), draws, (hits * ~near, shown * ~near), draws, int(viewers[near].sum())
        ),
    )


def _gaps(logged: Sequence[date], last: date) -> tuple[str, ...]:
    first, there = min(logged), set(logged)
    between = (first + timedelta(ahead) for ahead in range((last - first).days + 1))
    return tuple(day.isoformat() for day in between if day not in there)
