"""In which ways may two accounts be alike? The company they keep, what they share, and how their profiles read.

Every kind is a matrix of accounts x features. Features that very many have are left out, so that an account meets only
those that share something rare with it, and never all others.
"""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ringfence.graph.csr import Csr
from ringfence.graph.relations import Graph, Ties

# A feature that more accounts than this have makes nobody alike. Added to the square of each account's length, in mean
# features: two accounts that have one feature each, the same, are not wholly alike.
COMMON, SPARE = 500, 3.0
# Handles and bios are compared by runs of so many letters, within words.
LETTERS = (3, 4)
NAMED = 3  # how many shared things a sentence names

SENTENCES = {
    "follows": "follows {shared} of the {all} accounts that {name} follows",
    "follows back": "is followed by {shared} of the {all} accounts that followed {name}",
    "replies": "answers {shared} of the {all} accounts that {name} answers",
    "replies back": "is answered by {shared} of the {all} accounts that answered {name}",
    "co_reported": "was reported with {shared} of the {all} accounts that {name} was reported with",
    "uses_hashtag": "uses {shared} of the {all} rare hashtags of {name}: {things}",
    "shares_media": "shares {shared} of the {all} rare media of {name}: {things}",
    "shares_link": "shares {shared} of the {all} rare links of {name}: {things}",
    "handle": "its handle reads like that of {name}",
    "bio": "its profile reads like that of {name}",
}
OTHERWISE = "has {shared} of the {all} rare {kind} of {name}: {things}"


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of being alike. `features` is accounts x features, its rows shorter than 1; `thing` names a feature."""

    name: str
    features: sp.csr_matrix
    thing: Callable[[int], str]

    def alike(self, some: NDArray[np.int64]) -> sp.csr_matrix:
        """How alike each of `some` accounts (rows) is to every account: the cosine, sparse, from 0 to 1."""
        alike: sp.csr_matrix = (self.features[some] @ self.features.T).tocsr()
        return alike

    def sentence(self, name: str, was: int, new: int) -> str:
        """What the account `new` has of those features that `was`, whose name is given, has."""
        own, other = (set(self.features[one].indices.tolist()) for one in (was, new))
        shared = sorted(own & other)
        rarest = sorted(shared, key=lambda one: (-abs(self.features[was, one]), self.thing(one)))[:NAMED]
        things = ", ".join(self.thing(one) for one in rarest)
        form = SENTENCES.get(self.name, OTHERWISE)
        return form.format(shared=f"{len(shared):,}", all=f"{len(own):,}", name=name, things=things, kind=self.name)


def kinds(graph: Graph, events: duckdb.DuckDBPyConnection) -> tuple[Kind, ...]:
    """Every kind that there is anything of: each relation, both ways between accounts, and handles and bios."""
    found = []
    for ties in graph.relations:
        found.append(_of_ties(graph, ties, str(ties.relation), ties.forward))
        if ties.objects is None:
            found.append(_of_ties(graph, ties, f"{ties.relation} back", ties.backward))
    found += [_of_text(events, graph.size, column) for column in ("handle", "bio")]
    return tuple(kind for kind in found if kind.features.nnz)


def _of_ties(graph: Graph, ties: Ties, name: str, matrix: Csr) -> Kind:
    def thing(target: int) -> str:
        return ties.name(target, graph.accounts)

    ones = np.ones(matrix.ties, np.float32)
    counts = sp.csr_matrix((ones, matrix.targets.astype(np.int64), matrix.starts), (matrix.rows, matrix.columns))
    return Kind(name, weighted(counts), thing)


def _of_text(events: duckdb.DuckDBPyConnection, size: int, column: str) -> Kind:
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415, two seconds that other commands need not wait

    rows = events.sql(f"SELECT id, {column} AS said FROM accounts WHERE {column} <> '' ORDER BY id").to_arrow_table()
    runs = CountVectorizer(analyzer="char_wb", ngram_range=LETTERS, binary=True, dtype=np.float32)
    if rows.num_rows == 0:
        return Kind(column, sp.csr_matrix(np.zeros((size, 1), np.float32)), str)
    counts = runs.fit_transform(rows["said"].to_pylist()).tocoo()
    ids = rows["id"].to_numpy().astype(np.int64)
    names = runs.get_feature_names_out()
    placed = sp.csr_matrix((counts.data, (ids[counts.row], counts.col)), (size, counts.shape[1]))
    return Kind(column, weighted(placed), lambda one: str(names[one]))


def weighted(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Features that at least two accounts and at most COMMON have, weighted by how rare they are, rows scaled."""
    users = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = (users > 1) & (users <= COMMON)
    rarity = np.where(kept, np.log(max(counts.shape[0], 2) / np.maximum(users, 1)), 0.0)
    rare = (counts @ sp.diags(rarity)).tocsr()
    rare.eliminate_zeros()
    squares = np.asarray(rare.multiply(rare).sum(axis=1)).ravel()
    length = np.sqrt(squares + SPARE * (np.mean(rare.data**2) if rare.nnz else 1.0))
    scaled: sp.csr_matrix = (sp.diags(1 / length) @ rare).tocsr().astype(np.float32)
    return scaled
