"""Which words may be new code words of the networks found? Shown to named readers only, and every read is written down.

The flagged accounts are the members of the last discovery's networks and the vetted seeds. Nothing enters a lexicon
from here: a word on the list is a question for people who know the context.
"""

from collections.abc import Callable
from unicodedata import normalize

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ringfence.discovery import last_results, vetted
from ringfence.model.faults import Fault
from ringfence.model.words import ACCOUNT_RELATIONS, Opinion, Role
from ringfence.store import audit, events
from ringfence.store.workspace import CONFIG, Workspace
from ringfence.terms.drift import Sides, candidates
from ringfence.terms.lexicon import Lexicon

# The label of accounts that report, help or write about the harm.
SUPPORT = "support"
LONGEST_WORD = 64
# A stratum is compared by itself when it has so many background accounts for each flagged one; else it joins others.
# Few are enough, as the weights take them for what they are; asking for ten gave up the bands of activity where they
# mattered, and everyday words of busy accounts were listed.
BACKGROUND_EACH = 3
# Accounts are banded by how many different words they use, at these quantiles of the flagged accounts.
BANDS = (0.25, 0.5, 0.75)

# A run of letters, marks and digits of any script, or a run of pictures with what modifies them.
WORD = r"[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*|\p{So}[\p{So}\p{Sk}\p{M}]*"
# Addresses and mentions name people and places, and are no words. What is invisible is taken out before words are cut.
NAMES, INVISIBLE = r"https?://\S*|[@\x{FF20}][\p{L}\p{N}_.@-]+", r"[\p{Cf}\x{FE00}-\x{FE0F}]"

# A repost is somebody else's words. The hashtags' own column is read too, for texts that do not spell them out.
TOKENS = f"""
CREATE OR REPLACE TEMP TABLE drift_tokens AS
SELECT DISTINCT account, unnest(regexp_extract_all(
    regexp_replace(regexp_replace(said, '{NAMES}', ' ', 'g'), '{INVISIBLE}', '', 'g'), '{WORD}')) AS token
FROM (SELECT account, concat_ws(' ', text, array_to_string(hashtags, ' ')) AS said FROM posts WHERE repost_of IS NULL)
"""
SPELLINGS = f"SELECT DISTINCT token FROM drift_tokens WHERE length(token) <= {LONGEST_WORD}"
USES = "SELECT DISTINCT account, word FROM drift_tokens JOIN drift_spelled USING (token)"
# The language of most posts; of two that are as frequent, the first in the alphabet, so that it is always the same.
LANGUAGES = """
SELECT account, first(lang ORDER BY posts DESC, lang) AS lang
FROM (SELECT account, coalesce(lang, '') AS lang, count(*) AS posts FROM posts WHERE repost_of IS NULL GROUP BY ALL)
GROUP BY account
"""
SUPPORTING = f"""
SELECT account FROM labels WHERE label = '{SUPPORT}'
GROUP BY account HAVING arg_max(opinion, labels."at") = '{Opinion.POSITIVE}'
"""
FOUND = """
SELECT id, network_id, role FROM drift_scores JOIN account_ids USING (account_id)
WHERE network_id IS NOT NULL OR role IS NOT NULL ORDER BY id
"""
# Two clusters are linked when ties between them join, on either side, so many accounts for each of the smaller cluster.
# A single tie would link any two networks of size, and one account that follows everybody would too.
LINKED_SHARE = 0.25
LINKED = f"""
WITH sizes AS (SELECT cluster, count(*) AS size FROM drift_clusters GROUP BY cluster),
between AS (
    SELECT least(one.cluster, other.cluster) AS first, greatest(one.cluster, other.cluster) AS second,
           unnest([one.account, other.account]) AS account
    FROM ties JOIN drift_clusters AS one ON one.account = src JOIN drift_clusters AS other ON other.account = dst
    WHERE relation IN {tuple(sorted(map(str, ACCOUNT_RELATIONS)))} AND one.cluster <> other.cluster
),
joined AS (
    SELECT first, second, cluster, count(DISTINCT account) AS accounts
    FROM between JOIN drift_clusters USING (account) GROUP BY first, second, cluster
)
SELECT first, second FROM joined GROUP BY first, second
HAVING min(accounts) >= {LINKED_SHARE} * (SELECT min(size) FROM sizes WHERE cluster IN (first, second))
"""


def read(workspace: Workspace, by: str) -> pa.Table:
    """The candidates, as a table of `terms.drift.CANDIDATES`, for a reader whom the config names. The read is audited.

    Raises Fault, before anything is read, when `by` is none of `lexicon.drift_readers` or nothing was discovered yet.
    """
    may_read(workspace, by)
    run = last_results.last_run(workspace)
    audit.record(workspace, audit.Action.DRIFT_READ, f"results of {run.at.isoformat()}", actor=by)
    with events.connect(workspace) as connection:
        table = uses(connection)
        sides = _sides(workspace, connection, table)
        return candidates(table, sides, _known(workspace), connection)


def uses(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Which account uses which word in its posts: (account uint32, word dictionary of string), each pair once.

    Only the spellings that differ pass through Python; the rows never do.
    """
    connection.execute(TOKENS)
    tokens = connection.sql(SPELLINGS).to_arrow_table()["token"]
    words = pa.array([spelled(token) for token in tokens.to_numpy().tolist()], pa.string())
    kept = pc.is_valid(words)
    connection.register("drift_spelled", pa.table({"token": tokens.filter(kept), "word": words.filter(kept)}))
    try:
        return connection.sql(USES).to_arrow_table()
    finally:
        connection.unregister("drift_spelled")
        connection.execute("DROP TABLE temp.drift_tokens")


def spelled(token: str) -> str | None:
    """A token as a word: NFKC with case folding. None for one letter or digit, which says too little."""
    word = normalize("NFKC", normalize("NFKC", token).casefold()).strip()
    return None if len(word) == 0 or (len(word) == 1 and word.isalnum()) else word


def may_read(workspace: Workspace, by: str) -> None:
    """Raise Fault for somebody whom `lexicon.drift_readers` does not name."""
    if by not in workspace.config.lexicon.drift_readers:
        raise Fault(
            f"{by!r} may not read candidates for new code words",
            where=f"lexicon.drift_readers in {workspace.path / CONFIG}",
            mend="have whoever keeps that file add the name, if the person was vetted for it",
        )


def _known(workspace: Workspace) -> Callable[[str], bool]:
    """Whether a word holds a term of the lexicon. A term that was vetted and turned down is known too."""
    if not workspace.lexicon_file.exists():
        return lambda _: False
    lexicon = Lexicon.load(workspace.lexicon_file)
    judged = {spelled(term.word) for term in lexicon}
    return lambda word: word in judged or bool(lexicon.find(word)) or bool(lexicon.find(word, "query"))


def _sides(workspace: Workspace, connection: duckdb.DuckDBPyConnection, table: pa.Table) -> Sides:
    """Members and vetted seeds against everybody else, but for those who follow members: they may use the words too."""
    connection.register("drift_scores", _scores(workspace))
    found = connection.sql(FOUND).to_arrow_table()
    connection.unregister("drift_scores")
    network = found["network_id"].combine_chunks()
    member = found.filter(pc.is_valid(network))
    names = member["network_id"].combine_chunks().dictionary_encode()
    lone = np.setdiff1d(_seeds(workspace, connection), member["id"].to_numpy())
    flagged = np.concatenate([member["id"].to_numpy(), lone]).astype(np.uint32)
    if not len(flagged):
        raise Fault("it found no network and has no seed account", where="the last discovery", mend="add seeds first")
    # A seed outside every network is a cluster of its own, numbered after the networks.
    cluster_of = np.concatenate([names.indices.to_numpy(), len(names.dictionary) + np.arange(len(lone))]).astype(
        np.int64
    )
    connection.register("drift_clusters", pa.table({"account": flagged, "cluster": cluster_of}))
    linked = connection.sql(LINKED).to_arrow_table()
    connection.unregister("drift_clusters")
    return Sides(
        flagged=flagged,
        cluster_of=cluster_of,
        support=connection.sql(SUPPORTING).to_arrow_table()["account"].to_numpy(),
        aside=found.filter(pc.equal(found["role"], str(Role.AUDIENCE)))["id"].to_numpy(),
        linked=np.column_stack([linked["first"].to_numpy(), linked["second"].to_numpy()]).astype(np.int64),
        strata=_strata(connection, table, flagged),
    )


def _scores(workspace: Workspace) -> pa.Table:
    return pq.read_table(workspace.results / "scores.parquet", columns=["account_id", "network_id", "role"])


def _seeds(workspace: Workspace, connection: duckdb.DuckDBPyConnection) -> NDArray[np.uint32]:
    query = "SELECT id FROM account_ids WHERE account_id IN (SELECT unnest($seeds::VARCHAR[]))"
    ids = connection.sql(query, params={"seeds": vetted.positive(workspace)}).to_arrow_table()["id"]
    return np.asarray(ids.to_numpy(), np.uint32)


def _strata(connection: duckdb.DuckDBPyConnection, table: pa.Table, flagged: NDArray[np.uint32]) -> NDArray[np.int64]:
    """A stratum for each account: its language and activity where enough background shares both, else less of it."""
    languages = connection.sql(LANGUAGES).to_arrow_table()
    account = languages["account"].to_numpy()
    words = np.bincount(table["account"].to_numpy(), minlength=int(account.max(initial=0)) + 1)
    language = np.zeros(len(words), np.int64)
    _, language[account] = np.unique(languages["lang"].to_numpy(), return_inverse=True)
    is_flagged = np.zeros(len(words), dtype=bool)
    is_flagged[flagged[flagged < len(words)]] = True
    return strata(language, words, is_flagged)


def strata(language: NDArray[np.int64], words: NDArray[np.int64], flagged: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Numbers from 0 for strata, one entry an account. Accounts without words do not count towards any bound.

    Each language is cut into bands of activity; if one of its bands has fewer than BACKGROUND_EACH background accounts
    for each flagged one, the language is one stratum; if that has too few as well, it joins all others that do.
    """
    speaks = words > 0
    if not (speaks & flagged).any():
        return np.zeros(len(words), np.int64)
    bounds = np.quantile(words[speaks & flagged], BANDS)
    cell = language * (len(BANDS) + 1) + np.searchsorted(bounds, words)
    cells = int(language.max(initial=0) + 1) * (len(BANDS) + 1)
    ahead = np.bincount(cell[speaks & flagged], minlength=cells).reshape(-1, len(BANDS) + 1)
    behind = np.bincount(cell[speaks & ~flagged], minlength=cells).reshape(-1, len(BANDS) + 1)
    banded: NDArray[np.bool_] = np.all(behind >= BACKGROUND_EACH * ahead, axis=1)
    alone: NDArray[np.bool_] = behind.sum(axis=1) >= BACKGROUND_EACH * ahead.sum(axis=1)
    whole = cells + 1 + language
    return np.where(banded[language], cell, np.where(alone[language], whole, cells)).astype(np.int64)
