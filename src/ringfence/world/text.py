"""How do the generated posts read? A phrase in the author's language, then its hashtags."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ringfence.model.schemas import MEDIA
from ringfence.world.looks import looks
from ringfence.world.plan import Plan, generator
from ringfence.world.posts import Pools, Posts
from ringfence.world.vocabulary import LANGUAGE_SHARES, LANGUAGES, PHRASES


def languages(plan: Plan, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each account's language, as a number into LANGUAGES: most of a community speak the same one."""
    own = generator(plan.seed, "languages").choice(len(LANGUAGES), size=plan.communities, p=LANGUAGE_SHARES)
    spoken: NDArray[np.int64] = own[plan.community(places)]
    return np.where(places % 17 == 0, 0, spoken)


def post_columns(plan: Plan, pool: Pools, posts: Posts, part: int) -> tuple[pa.Array, ...]:
    """The columns of the posts table from `text` on."""
    rng = generator(plan.seed, "text", part)
    language = languages(plan, posts.author)
    empty = pa.nulls(len(language), pa.string())
    hashtags = _lists(pool.words, posts.tags)
    return (
        _texts(language, hashtags, rng),
        pa.array(LANGUAGES).take(pa.array(language)),
        pa.DictionaryArray.from_arrays(np.zeros(len(language), np.int8), pa.array(["public"])).cast(pa.string()),
        empty,
        empty,
        hashtags,
        pa.nulls(len(language), pa.list_(pa.string())),
        _one_each(posts.link, "https://example.org/l"),
        _media(plan, posts.media, part),
    )


def _lists(words: pa.StringArray, numbers: NDArray[np.int64]) -> pa.ListArray:
    there = numbers >= 0
    offsets = np.concatenate(([0], np.cumsum(there.sum(axis=1))))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), words.take(pa.array(numbers[there])))


def _texts(language: NDArray[np.int64], hashtags: pa.ListArray, rng: np.random.Generator) -> pa.Array:
    phrases = [phrase for one in LANGUAGES for phrase in PHRASES[one]]
    sizes = np.array([len(PHRASES[one]) for one in LANGUAGES])
    starts = np.cumsum(np.concatenate(([0], sizes[:-1])))
    first = pa.array(phrases).take(
        pa.array(starts[language] + (sizes[language] * rng.random(len(language))).astype(int))
    )
    second = pa.array(phrases).take(
        pa.array(starts[language] + (sizes[language] * rng.random(len(language))).astype(int))
    )
    tagged = pc.binary_join(hashtags, " #")
    sigil = pc.if_else(pc.greater(pc.list_value_length(hashtags), 0), " #", "")
    return pc.binary_join_element_wise(first, ", ", second, sigil, tagged, "")


def names(prefix: str, numbers: NDArray[np.int64]) -> pa.Array:
    """`prefix` and the number of each object."""
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def _one_each(numbers: NDArray[np.int64], prefix: str) -> pa.ListArray:
    there = numbers >= 0
    offsets = np.concatenate(([0], np.cumsum(there)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names(prefix, numbers[there]))


def _media(plan: Plan, numbers: NDArray[np.int64], part: int) -> pa.ListArray:
    """At most one media a post, as a platform that hashes at upload tells it: an altered copy has an id of its own."""
    there = np.flatnonzero(numbers >= 0)
    offsets = np.concatenate(([0], np.cumsum(numbers >= 0)))
    media = numbers[there]
    seen = looks(plan.seed, media, (part << 32) + there)
    ids = pc.if_else(
        pa.array(seen.form == 0),
        names("m", media),
        pc.binary_join_element_wise(names("m", media), pc.cast(pa.array(seen.form), pa.string()), "v"),
    )
    empty = pa.nulls(len(there), pa.string())
    items = pa.StructArray.from_arrays(
        [ids, empty, empty, _hexadecimal(seen.code), pa.array(seen.quality)], fields=list(MEDIA)
    )
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items)


def _hexadecimal(codes: NDArray[np.uint64]) -> pa.Array:
    digits = np.array([f"{byte:02x}".encode() for byte in range(256)])
    return pa.array(digits[codes.view(np.uint8)].view("S64").ravel()).cast(pa.string())
