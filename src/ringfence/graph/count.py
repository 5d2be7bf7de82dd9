"""How are events counted into ties? Relation by relation, each with what was counted before."""

from collections.abc import Mapping
from types import MappingProxyType

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.graph import content, media, texts
from ringfence.graph.counted import Alike, Counted, Rows, added, widened
from ringfence.kernels.union import settle, unite_all
from ringfence.model.words import ACCOUNT_RELATIONS, Relation

# Beside one `Counted` for each relation there is one for mentions as they are written, which lead to names yet.
WRITTEN = "mentions_written"
UNITS = (*map(str, Relation), WRITTEN)
BATCH = 100_000

Tally = Mapping[str, Counted]


def count(events: duckdb.DuckDBPyConnection, before: Tally, size: int, relations: frozenset[Relation]) -> Tally:
    """Add the fresh events (see window.py) to the tally `before`, for a platform of `size` accounts."""
    given = {row[0] for row in events.execute("SELECT DISTINCT relation FROM fresh_ties").fetchall()}
    tally = dict(before)
    for relation in sorted(relations & ACCOUNT_RELATIONS):
        rows = _between_accounts(events, relation, given=relation in given)
        tally[relation] = _with(before.get(relation), rows, size)
    if Relation.MENTIONS in relations:
        tally[WRITTEN] = _with(before.get(WRITTEN), _keyed(events, content.MENTIONED), size)
    objects = relations - ACCOUNT_RELATIONS
    if objects & {Relation.SHARES_LINK, Relation.SHARES_DOMAIN, Relation.SHARES_CONTACT}:
        content.prepare(events)
    for relation in sorted(objects):
        rows = _keyed(events, content.objects_sql(relation))
        make = {Relation.SHARES_MEDIA: _media, Relation.SHARES_TEXT: _texts}.get(relation, _plain)
        tally[relation] = make(events, before.get(relation), rows, size)
    return MappingProxyType(tally)


def _with(before: Counted | None, rows: Rows, size: int) -> Counted:
    """What has nothing new is the very same as before, when the platform has not grown either."""
    if before is not None and not len(rows.accounts):
        return before if before.matrix.rows == size else widened(before, size)
    return added(before, rows, size)[0]


def _plain(_: duckdb.DuckDBPyConnection, before: Counted | None, rows: Rows, size: int) -> Counted:
    return _with(before, rows, size)


def _between_accounts(events: duckdb.DuckDBPyConnection, relation: Relation, *, given: bool) -> Rows:
    queries = []
    if given:
        queries.append(
            f"SELECT src, dst, coalesce(weight, 1)::FLOAT AS count FROM fresh_ties WHERE relation = '{relation}'"
        )
    if relation is Relation.REPLIES:
        queries.append(f"SELECT src, dst, count(*)::FLOAT AS count FROM ({content.ANSWERED}) GROUP BY src, dst")
    if not queries:
        return Rows(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    rows = events.sql(f"SELECT * FROM ({' UNION ALL '.join(queries)}) WHERE src <> dst").to_arrow_table()
    return Rows(rows["src"].to_numpy(), rows["dst"].to_numpy(), rows["count"].to_numpy())


def _keyed(events: duckdb.DuckDBPyConnection, query: str) -> Rows:
    """Ties to keys, which DuckDB numbers: texts of every tie would not fit where their numbers do."""
    events.execute(
        f"CREATE OR REPLACE TEMP TABLE keyed AS SELECT account, key, sum(count) AS count FROM ({query}) "
        "WHERE key <> '' GROUP BY account, key"
    )
    events.execute(
        "CREATE OR REPLACE TEMP TABLE keys AS "
        "SELECT key, (row_number() OVER () - 1)::INTEGER AS code FROM (SELECT DISTINCT key FROM keyed)"
    )
    names = events.sql("SELECT key FROM keys ORDER BY code").to_arrow_table()["key"]
    rows = events.sql("SELECT account, code, count::FLOAT AS count FROM keyed JOIN keys USING (key)").to_arrow_table()
    for table in ("keyed", "keys"):
        events.execute(f"DROP TABLE {table}")
    return Rows(rows["account"].to_numpy(), rows["code"].to_numpy(), rows["count"].to_numpy(), _names(names))


def _media(events: duckdb.DuckDBPyConnection, before: Counted | None, rows: Rows, size: int) -> Counted:
    if before is not None and not len(rows.accounts):
        return _with(before, rows, size)
    counted, places = added(before, rows, size)
    found = events.sql(content.HASHES, params={"quality": media.LEAST_QUALITY}).to_arrow_table()
    codes = np.frombuffer(b"".join(found["code"].to_pylist()), np.uint64).reshape(-1, 4)
    names = rows.names if rows.names is not None else _names(pa.chunked_array([[]], pa.string()))
    owners = places[_places(found["key"], names)]
    there = media.usable(codes)
    return Counted(counted.matrix, counted.names, _same_media(counted, owners[there], codes[there]))


def _same_media(counted: Counted, owners: NDArray[np.int64], codes: NDArray[np.uint64]) -> Alike:
    known = counted.alike or Alike(np.empty((0, 4), np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))
    label = np.arange(counted.matrix.columns)
    label[: len(known.label)] = known.label
    marks, owners = np.concatenate((known.marks, codes)), np.concatenate((known.owners, owners))
    firsts, same_as = media.distinct(marks)
    unite_all(label, owners, owners[same_as])
    marks, owners = np.ascontiguousarray(marks[firsts]), owners[firsts]
    near = np.arange(len(marks))
    media.join_near(marks, near, fresh=len(known.marks))
    unite_all(label, owners, owners[near])
    settle(label)
    return Alike(marks, owners, label)


def _texts(events: duckdb.DuckDBPyConnection, before: Counted | None, rows: Rows, size: int) -> Counted:
    """Texts by the hash of their words; ties that came as ties have names of their own and are like nothing."""
    known = before.alike.marks[:, 0] if before is not None and before.alike is not None else np.empty(0, np.uint64)
    said, marks = _read_texts(events, known)
    if not len(said.accounts):
        return _with(before, rows, size)
    counted, places = added(before, said, size)
    owners = places[_places(pa.chunked_array([_hex(marks[:, 0])]), said.names or _hex(known[:0]))]
    if before is not None and before.alike is not None:
        marks, owners = np.concatenate((before.alike.marks, marks)), np.concatenate((before.alike.owners, owners))
    if len(rows.accounts):
        counted, _ = added(counted, rows, size)
    order = np.argsort(marks[:, 0])
    near = np.arange(len(marks))
    texts.join_near(np.ascontiguousarray(marks[order, 1:]), near)
    label = np.arange(counted.matrix.columns)
    label[owners[order]] = owners[order][near]
    return Counted(counted.matrix, counted.names, Alike(marks, owners, label))


def _read_texts(events: duckdb.DuckDBPyConnection, known: NDArray[np.uint64]) -> tuple[Rows, NDArray[np.uint64]]:
    """Who wrote which text, and of each text that is not `known` its hash and its marks (m x 9)."""
    accounts, hashes, marks = [np.empty(0, np.uint32)], [np.empty(0, np.uint64)], [np.empty((0, 9), np.uint64)]
    seen = np.sort(known)
    for batch in events.sql(content.TEXTS, params={"characters": texts.MOST_CHARACTERS}).to_arrow_reader(BATCH):
        found, words = texts.hashed(batch["text"])
        enough = words >= texts.LEAST_WORDS
        accounts.append(np.asarray(batch["account"])[enough])
        hashes.append(found[enough])
        new, first = np.unique(found[enough], return_index=True)
        unseen = ~_among(new, seen)
        kept = pa.array(np.flatnonzero(enough)[first[unseen]])
        marks.append(np.column_stack((new[unseen], texts.marks(batch["text"].take(kept)))))
        seen = np.sort(np.concatenate((seen, new[unseen])))
    different, codes = np.unique(np.concatenate(hashes), return_inverse=True)
    rows = Rows(np.concatenate(accounts), codes, np.ones(len(codes)), _hex(different))
    return rows, np.concatenate(marks)


def _among(values: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(values), bool)
    return np.asarray(known[np.minimum(np.searchsorted(known, values), len(known) - 1)] == values)


def _hex(numbers: NDArray[np.uint64]) -> pa.StringArray:
    """Each number as sixteen digits, so that names are in the order of the numbers."""
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    read = numbers.astype(">u8").view(np.uint8)
    written = np.column_stack((digits[read >> 4], digits[read & 15])).tobytes()
    offsets = (np.arange(len(numbers) + 1) * 16).astype(np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(written))


def _places(keys: pa.ChunkedArray, names: pa.StringArray) -> NDArray[np.int64]:
    return np.asarray(pc.index_in(keys, value_set=names).to_numpy(), dtype=np.int64)


def _names(column: pa.ChunkedArray) -> pa.StringArray:
    return column.combine_chunks().cast(pa.string())
