"""Which words do the flagged accounts share that others like them do not use?

A word counts once an account, however often the account repeats it: one account that shouts is still one. Flagged
accounts are compared with background accounts of the same stratum (language and activity, as the caller has it).
Nothing found here is a term: a word on the list is a question for a person.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import chdtrc, xlogy

CANDIDATES = pa.schema(
    [
        pa.field("word", pa.string(), nullable=False),
        pa.field("flagged_accounts", pa.int64(), nullable=False),
        pa.field("clusters", pa.int64(), nullable=False),  # of the flagged accounts that use it
        pa.field("accounts", pa.int64(), nullable=False),  # all that use it, on whichever side
        pa.field("g2", pa.float64(), nullable=False),
        pa.field("log_odds", pa.float64(), nullable=False),
        pa.field("lower", pa.float64(), nullable=False),  # lower end of the 95 % interval of `log_odds`
        pa.field("q", pa.float64(), nullable=False),  # p of `g2`, adjusted for all the words that were tested
    ]
)

# A word needs so many flagged accounts in so many clusters. A word that fewer accounts use at all cannot get there, so
# it is not tested; how many use it in all says nothing about who does, so this choice costs no honesty.
LEAST_ACCOUNTS, LEAST_CLUSTERS = 4, 2
# Of the words shown, at most this share is expected to be chance.
FALSE_DISCOVERIES = 0.05
# A word that this share of the support accounts uses is how people speak about the harm, not within it.
SUPPORT_SHARE = 0.05
# The prior weighs as much as this share of the corpus. Far less, and common words pass that are a little more common
# here; far more, and no word of a few accounts can pass. Chosen on worlds of seeds below 100, see benchmarks/terms.
PRIOR = 0.3
Z_95 = 1.959963984540054

# Weights are summed as whole numbers of this grain: the order in which threads add them then changes nothing.
GRAIN = 2**20

Floats = NDArray[np.float64]


def _nobody() -> NDArray[np.uint32]:
    return np.empty(0, np.uint32)


def _untied() -> NDArray[np.int64]:
    return np.empty((0, 2), np.int64)


COUNTS = f"""
CREATE OR REPLACE TEMP TABLE drift_words AS
SELECT word,
       count(*) AS accounts,
       count(*) FILTER (side = 'flagged') AS flagged_accounts,
       count(*) FILTER (side = 'support') AS support_accounts,
       coalesce(sum(weight) FILTER (side = 'background'), 0)::DOUBLE / {GRAIN} AS background_accounts
FROM drift_uses JOIN drift_sides USING (account) GROUP BY word
"""
TOTALS = f"""
SELECT count(*) FILTER (accounts >= {LEAST_ACCOUNTS}), sum(flagged_accounts)::DOUBLE, sum(background_accounts)
FROM (FROM drift_words ORDER BY word)
"""
LIKELY = f"""
SELECT * FROM drift_words WHERE flagged_accounts >= {LEAST_ACCOUNTS} AND support_accounts <= $most_support ORDER BY word
"""
IN_CLUSTERS = """
SELECT DISTINCT place, cluster
FROM drift_uses JOIN drift_likely USING (word) JOIN drift_sides USING (account) WHERE side = 'flagged'
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """Who is compared with whom. All arrays but `linked` hold dense account ids, and no account need have posted.

    flagged: accounts whose words are in question; `cluster_of[i]` is the cluster of `flagged[i]`, any whole number.
    support: accounts that report or help; they win over `flagged`.
    aside: accounts on neither side, such as those that follow the flagged ones.
    linked: pairs of clusters that are tied, so that a word in both is no second sign (n x 2).
    strata: one entry an account, indexed by dense id; background is weighted to have the strata of the flagged. None
    puts every account into one.
    """

    flagged: NDArray[np.uint32]
    cluster_of: NDArray[np.int64]
    support: NDArray[np.uint32] = field(default_factory=_nobody)
    aside: NDArray[np.uint32] = field(default_factory=_nobody)
    linked: NDArray[np.int64] = field(default_factory=_untied)
    strata: NDArray[np.int64] | None = None


def candidates(
    uses: pa.Table,
    sides: Sides,
    known: Callable[[str], bool],
    connection: duckdb.DuckDBPyConnection | None = None,
) -> pa.Table:
    """Words over-represented among flagged accounts, as a table of `CANDIDATES`, the highest G2 first.

    `uses` has a row (account uint32, word string) for each account and word, none twice. `known` says of a word that
    it is in the lexicon; it is asked only of words that pass all else. Counting is done in `connection`, with its
    limits, or else in a database of its own.

    A word is listed when LEAST_ACCOUNTS flagged accounts use it, in LEAST_CLUSTERS clusters of which two are not
    linked; fewer than SUPPORT_SHARE of the support accounts use it; the 95 % interval of its log-odds is above zero;
    and its q is at most FALSE_DISCOVERIES. A word that fails any rule but the last enters the adjustment with p = 1,
    which is never too small, so the rate holds for the very words that are shown.
    """
    if connection is None:
        with duckdb.connect() as own:
            own.execute("SET enable_progress_bar = false")
            return candidates(uses, sides, known, own)
    connection.register("drift_uses", uses)
    try:
        return _candidates(connection, sides, known)
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.drift_words")
        for view in ("drift_uses", "drift_sides", "drift_likely"):
            connection.unregister(view)


def g2(flagged_users: Floats, flagged: float, background_users: Floats, background: float) -> Floats:
    """The log-likelihood ratio of each word's 2 x 2 table (users and others, flagged and background), 0 or more.

    Dunning 1993, "Accurate methods for the statistics of surprise and coincidence", Computational Linguistics 19(1).
    """
    share = (flagged_users + background_users) / (flagged + background)
    total = np.zeros_like(share)
    for users, group in ((flagged_users, flagged), (background_users, background)):
        for seen, expected in ((users, group * share), (group - users, group * (1 - share))):
            # A weighted count may pass its group by a rounding error.
            seen_ = np.maximum(seen, 0.0)
            total += xlogy(seen_, np.divide(seen_, expected, out=np.ones_like(share), where=expected > 0))
    return np.asarray(np.maximum(2 * total, 0.0))


def log_odds(
    flagged_users: Floats, flagged_uses: float, background_users: Floats, background_uses: float
) -> tuple[Floats, Floats]:
    """Each word's log-odds between the sides with an informative Dirichlet prior, and the lower end of its 95 %.

    Counts are accounts; `..._uses` sums them over all words. A word's prior is PRIOR times its count on both sides.
    Monroe, Colaresi and Quinn 2008, "Fightin' words", Political Analysis 16(4), section 3.5.
    """
    prior = PRIOR * (flagged_users + background_users)
    whole = PRIOR * (flagged_uses + background_uses)
    first, second = flagged_users + prior, background_users + prior
    rest, other_rest = flagged_uses + whole - first, background_uses + whole - second
    # Where nobody uses any other word there are no odds, and no difference. The bound is above rounding errors.
    odds = np.divide(first * other_rest, second * rest, out=np.ones_like(first), where=rest > PRIOR / 2)
    delta = np.log(odds)
    return delta, delta - Z_95 * np.sqrt(1 / first + 1 / second)


def adjusted(p: Floats, tests: int) -> Floats:
    """The least false discovery rate at which each p is called, when the other `tests - len(p)` are 1.

    Benjamini and Hochberg 1995, "Controlling the false discovery rate", J. R. Statist. Soc. B 57(1).
    """
    order = np.argsort(p, kind="stable")
    scaled = p[order] * tests / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q


def _candidates(connection: duckdb.DuckDBPyConnection, sides: Sides, known: Callable[[str], bool]) -> pa.Table:
    placed, flagged, background, support = _placed(connection, sides)
    if not flagged or not background:
        return CANDIDATES.empty_table()
    connection.register("drift_sides", placed)
    connection.execute(COUNTS)
    tests, flagged_uses, background_uses = connection.execute(TOTALS).fetchall()[0]
    # One below the share: `at least` hides.
    most_support = int(np.ceil(SUPPORT_SHARE * support)) - 1 if support else 0
    likely = connection.sql(LIKELY, params={"most_support": most_support}).to_arrow_table()
    users = likely["flagged_accounts"].to_numpy().astype(np.float64)
    others = likely["background_accounts"].to_numpy()
    scores = g2(users, flagged, others, background)
    delta, lower = log_odds(users, flagged_uses, others, background_uses)
    clusters, apart = _clusters(connection, likely["word"], sides.linked)
    p = chdtrc(1.0, scores)
    over = (users / flagged > others / background) & (lower > 0) & (p <= FALSE_DISCOVERIES)
    passed = np.flatnonzero(over & (clusters >= LEAST_CLUSTERS) & apart)
    words = likely["word"].take(pa.array(passed)).to_pylist()
    passed = passed[np.array([not known(word) for word in words], dtype=bool)]
    q = adjusted(p[passed], tests)
    shown = np.argsort(-scores[passed], kind="stable")
    shown = shown[q[shown] <= FALSE_DISCOVERIES]
    at = pa.array(passed[shown])
    return pa.table(
        [
            likely["word"].take(at),
            likely["flagged_accounts"].take(at),
            pa.array(clusters[passed][shown]),
            likely["accounts"].take(at),
            *(pa.array(column) for column in (scores[passed][shown], delta[passed][shown], lower[passed][shown])),
            pa.array(q[shown]),
        ],
        schema=CANDIDATES,
    )


def _placed(connection: duckdb.DuckDBPyConnection, sides: Sides) -> tuple[pa.Table, float, float, int]:
    """Each account that uses a word with its side, weight and cluster; then the size of the two sides, and of support.

    A background account weighs what makes its stratum's share that of the flagged accounts. The side's size is then its
    effective size (Kish 1965, "Survey sampling"): what the weights leave of it, all of it when they are alike. Flagged
    accounts of a stratum without background have nobody to be compared with, and are set aside.
    """
    accounts = (
        connection.sql("SELECT DISTINCT account FROM drift_uses ORDER BY 1").to_arrow_table()["account"].to_numpy()
    )
    support, flagged = np.isin(accounts, sides.support), np.isin(accounts, sides.flagged)
    flagged &= ~support
    background = ~(flagged | support | np.isin(accounts, sides.aside))
    strata = np.zeros(len(accounts), np.int64) if sides.strata is None else sides.strata[accounts]
    _, stratum = np.unique(strata, return_inverse=True)
    behind = np.bincount(stratum[background], minlength=1 + stratum.max(initial=0))
    flagged &= behind[stratum] > 0
    ahead = np.bincount(stratum[flagged], minlength=len(behind))
    pull = np.divide(ahead, behind, out=np.zeros(len(behind)), where=behind > 0)
    total = float(ahead.sum())
    effective = total**2 / float((ahead * pull).sum()) if total else 0.0
    weight = np.rint(pull[stratum] * (effective / total if total else 0.0) * GRAIN).astype(np.int64)
    order = np.argsort(sides.flagged, kind="stable")
    cluster = np.full(len(accounts), -1, np.int64)
    cluster[flagged] = sides.cluster_of[order][np.searchsorted(sides.flagged[order], accounts[flagged])]
    names = np.select([flagged, support, background], ["flagged", "support", "background"], "aside")
    placed = pa.table({"account": accounts, "side": names, "weight": weight, "cluster": cluster})
    return placed, total, effective, int(support.sum())


def _clusters(
    connection: duckdb.DuckDBPyConnection, words: pa.ChunkedArray, linked: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """In how many clusters flagged accounts use each word, and whether any two of those are not linked."""
    connection.register("drift_likely", pa.table({"word": words, "place": np.arange(len(words))}))
    found = connection.sql(IN_CLUSTERS).to_arrow_table()
    names, cluster = np.unique(found["cluster"].to_numpy(), return_inverse=True)
    used = sp.csr_matrix((np.ones(len(cluster)), (found["place"].to_numpy(), cluster)), (len(words), len(names)))
    known = linked[np.isin(linked, names).all(axis=1)]
    first, second = np.searchsorted(names, known).T
    tied = sp.csr_matrix((np.ones(len(known)), (first, second)), (len(names), len(names))) + sp.identity(len(names))
    count = np.asarray(used.sum(axis=1)).ravel()
    # Of the count x count pairs of a word's clusters, how many are tied (each cluster is tied to itself)?
    pairs = np.asarray((used @ ((tied + tied.T) > 0).astype(float)).multiply(used).sum(axis=1)).ravel()
    return count.astype(np.int64), pairs < count**2
