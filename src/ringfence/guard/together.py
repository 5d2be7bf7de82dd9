"""What is known when two tell of the same accounts and tags? The stronger of both, for as long as either says."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard.snapshots.flags import FLAGS

_NEVER = 2**63 - 1  # of `until`: later than any other


def flags_together(flags: pa.Table, more: pa.Table) -> pa.Table:
    """One row an account and signal of both tables of FLAGS; each has one itself. `more` is the small one."""
    both = pc.is_in(flags["account_id"], pc.unique(more["account_id"]))
    touched = pa.concat_tables([flags.filter(both), more.cast(FLAGS)])
    lasting = pc.fill_null(touched["until"].cast(pa.int64()), _NEVER)
    rows = touched.set_column(FLAGS.get_field_index("until"), "until", lasting)
    rows = rows.group_by(["account_id", "signal"]).aggregate([("strength", "max"), ("until", "max")])
    until = rows["until_max"]
    until = pc.if_else(pc.equal(until, _NEVER), pa.scalar(None, pa.int64()), until).cast(FLAGS.field("until").type)
    merged = pa.Table.from_arrays([rows["account_id"], rows["signal"], rows["strength_max"], until], schema=FLAGS)
    return pa.concat_tables([flags.filter(pc.invert(both)), merged])


def tags_together(tags: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    """The larger share of each tag; both by plain form."""
    return {tag: max(tags.get(tag, 0.0), more.get(tag, 0.0)) for tag in sorted({*tags, *more})}
