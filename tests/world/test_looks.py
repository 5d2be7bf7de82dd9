"""Are generated media far from one another, and altered copies near enough that a hash tells what they are of?"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ringfence.graph import media as near
from ringfence.world.looks import ALTERED, FORMS, LEAST, LOW_QUALITY, MOST_BITS, Words, looks
from ringfence.world.write import write

MANY = 20_000


def apart(one: Words, other: Words) -> NDArray[np.int64]:
    return np.asarray(np.bitwise_count(one ^ other).sum(axis=-1), np.int64)


def test_about_half_of_the_bits_are_set_and_different_media_are_far_apart() -> None:
    code = looks(5, np.arange(1_500), np.arange(1_500)).code
    assert abs(np.bitwise_count(code).sum(axis=1).mean() - 128) < 2
    away = apart(code[:, None], code[None])[np.triu_indices(1_500, 1)]
    assert away.min() > 2 * near.FURTHEST
    assert abs(away.mean() - 128) < 1
    assert near.usable(code).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 40), st.integers(0, 1 << 62), st.integers(0, 1 << 50))
def test_any_two_copies_of_one_media_are_near_and_the_same_copy_is_the_same(seed: int, media: int, first: int) -> None:
    seen = looks(seed, np.full(200, media), first + np.arange(200))
    assert apart(seen.code[:, None], seen.code[None]).max() <= 2 * MOST_BITS <= near.FURTHEST
    assert len(set(seen.quality.tolist())) == 1
    for form in set(seen.form.tolist()):
        assert len(np.unique(seen.code[seen.form == form], axis=0)) == 1
    if seen.quality[0] < LEAST:
        assert not seen.form.any()


def test_shares_are_as_said_and_every_altered_copy_differs() -> None:
    media = np.repeat(np.arange(MANY), 2)
    seen = looks(1, media, np.arange(2 * MANY))
    low = seen.quality < LEAST
    assert low.mean() == pytest.approx(LOW_QUALITY, abs=0.01)
    assert (seen.form[~low] > 0).mean() == pytest.approx(ALTERED, abs=0.01)
    assert set(seen.form.tolist()) == set(range(FORMS + 1))
    bits = apart(looks(1, media, np.arange(2 * MANY)).code, seen.code)
    assert bits.max() == 0  # asked again, the same
    pairs = seen.form[::2] != seen.form[1::2]
    away = apart(seen.code[::2], seen.code[1::2])
    assert (away[~pairs] == 0).all()
    assert (away[pairs] > 0).mean() > 0.999
    assert away.max() > MOST_BITS


def test_joined_by_near_hashes_the_uploads_of_a_media_are_one_again(tmp_path: Path) -> None:
    world = write(tmp_path / "world", 1_000, 4)
    uploads = [one for row in pq.read_table(world.folder / "posts.parquet")["media"].to_pylist() for one in row]
    altered = [one for one in uploads if "v" in one["media_id"]]
    assert len(altered) > 100
    distinct = {one["media_id"]: one for one in uploads if one["quality"] >= near.LEAST_QUALITY}
    codes = np.frombuffer(b"".join(bytes.fromhex(one["pdq"]) for one in distinct.values()), np.uint64).reshape(-1, 4)
    parent = np.arange(len(codes))
    near.join_near(codes, parent)
    joined: dict[int, set[str]] = {}
    for name, root in zip(distinct, parent.tolist(), strict=True):
        joined.setdefault(root, set()).add(name.split("v")[0])
    assert all(len(names) == 1 for names in joined.values())
    assert len(joined) == len({name.split("v")[0] for name in distinct})
