"""Which columns does each event table have, and each result?

Ids are the platform's own strings, times UTC microseconds.
"""

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from ringfence.model.words import Table

TIME = pa.timestamp("us", tz="UTC")
MEDIA = pa.struct(
    [
        ("media_id", pa.string()),
        ("sha256", pa.string()),
        ("md5", pa.string()),
        ("pdq", pa.string()),
        ("quality", pa.int32()),
    ]
)


def _schema(*fields: tuple[str, pa.DataType], optional: tuple[tuple[str, pa.DataType], ...] = ()) -> pa.Schema:
    required = [pa.field(name, kind, nullable=False) for name, kind in fields]
    return pa.schema(required + [pa.field(name, kind, nullable=True) for name, kind in optional])


# A field that may not be null must be in every file; an optional one is filled with nulls where a file lacks it.
EVENTS: Mapping[Table, pa.Schema] = MappingProxyType(
    {
        Table.ACCOUNTS: _schema(
            ("account_id", pa.string()),
            optional=(
                ("handle", pa.string()),
                ("display_name", pa.string()),
                ("bio", pa.string()),
                ("links", pa.list_(pa.string())),
                ("created_at", TIME),
                ("status", pa.string()),
                ("declared_age", pa.int32()),
                ("locale", pa.string()),
            ),
        ),
        Table.POSTS: _schema(
            ("post_id", pa.string()),
            ("account_id", pa.string()),
            ("at", TIME),
            optional=(
                ("text", pa.string()),
                ("lang", pa.string()),
                ("visibility", pa.string()),
                ("reply_to", pa.string()),
                ("repost_of", pa.string()),
                ("hashtags", pa.list_(pa.string())),
                ("mentions", pa.list_(pa.string())),
                ("links", pa.list_(pa.string())),
                ("media", pa.list_(MEDIA)),
            ),
        ),
        Table.TIES: _schema(
            ("src", pa.string()),
            ("dst", pa.string()),
            ("relation", pa.string()),
            optional=(("at", TIME), ("weight", pa.float64())),
        ),
        Table.SEARCHES: _schema(
            ("at", TIME),
            ("query", pa.string()),
            ("surface", pa.string()),
            optional=(("viewer_bucket", pa.string()),),
        ),
        Table.IMPRESSIONS: _schema(
            ("at", TIME),
            ("surface", pa.string()),
            ("viewer_id", pa.string()),
            ("shown_id", pa.string()),
            ("position", pa.int32()),
        ),
        Table.REPORTS: _schema(
            ("report_id", pa.string()),
            ("target", pa.string()),
            ("reason", pa.string()),
            ("at", TIME),
            optional=(("reporter", pa.string()),),
        ),
        Table.LABELS: _schema(
            ("account_id", pa.string()),
            ("label", pa.string()),
            ("opinion", pa.string()),
            ("at", TIME),
            optional=(("source", pa.string()),),
        ),
    }
)

# What a scan finds: one row a term, place and post.
SIGNALS = pa.schema(
    [
        pa.field("account", pa.uint32(), nullable=False),
        pa.field("post_id", pa.string()),  # null where the term stands in the profile
        pa.field("term_id", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("where", pa.string(), nullable=False),
    ]
)

SCORES = pa.schema(
    [
        ("account_id", pa.string()),
        ("rank", pa.int64()),
        ("score", pa.float64()),
        ("probability", pa.float64()),  # null until calibrated on reviewed labels
        ("role", pa.string()),
        ("network_id", pa.string()),
        ("reasons", pa.list_(pa.string())),
    ]
)

_AMOUNT = [("words", pa.string()), ("amount", pa.float64())]

# One row an account of the short list, by dense id.
EXPLANATIONS = pa.schema(
    [
        ("account_id", pa.string()),
        # The amounts add up to the score; those beneath one of them say what moved it most, and do not add up.
        ("contributions", pa.list_(pa.struct([*_AMOUNT, ("beneath", pa.list_(pa.struct(_AMOUNT)))]))),
        (
            "shared",
            pa.list_(
                pa.struct(
                    [
                        ("relation", pa.string()),
                        ("name", pa.string()),
                        ("others", pa.int64()),  # other accounts tied to it
                        ("found", pa.int64()),  # of these, found
                    ]
                )
            ),
        ),
        ("more_shared", pa.int64()),
        # `back` is a step from an object to one of its users.
        ("path", pa.list_(pa.struct([("relation", pa.string()), ("name", pa.string()), ("back", pa.bool_())]))),
        ("path_to", pa.string()),
        ("against", pa.list_(pa.string())),
    ]
)

NETWORKS = pa.schema(
    [
        ("network_id", pa.string()),
        ("members", pa.list_(pa.string())),
        ("size", pa.int64()),
        ("audience", pa.int64()),  # accounts that follow at least one member and are none themselves
        ("reach", pa.int64()),  # ties from those accounts to members
        ("terms", pa.list_(pa.string())),
        ("first_seen", TIME),
        # Share of the members that were in no network at the run before; of those there was none of this network, the
        # share whose account is younger than 30 days at the last event.
        ("growth", pa.float64()),
        ("key_objects", pa.list_(pa.string())),  # what is most its own, as relation:name, the most first
    ]
)

RETURNED = pa.schema(
    [
        ("account_id", pa.string()),
        ("was", pa.string()),  # the removed account that it is most like
        ("score", pa.float64()),
        ("rank", pa.int64()),
        ("care", pa.bool_()),  # a child may run it: it goes to care
        ("reasons", pa.list_(pa.string())),
    ]
)

NETWORKS_HISTORY = pa.schema(
    [
        ("at", TIME),  # of the run
        ("network_id", pa.string()),
        ("event", pa.string()),
        ("other", pa.string()),  # the network it split from, or that was merged into it
        ("size", pa.int64()),
    ]
)
