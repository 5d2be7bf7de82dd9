from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph.texts import HASHES, LEAST_AGREEING, LEAST_WORDS, hashed, join_near, marks

PLAIN = "the first light of the morning came over the reeds and every bird was up"


def same(*texts: str) -> list[int]:
    parent = np.arange(len(texts))
    join_near(marks(pa.array(texts)), parent)
    return [int(one) for one in parent]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.upper(),
        f"  {PLAIN}!!! https://marsh.example/a?b=c",
        f"@wren @twite.marsh {PLAIN} www.marsh.example",
        PLAIN.replace(" ", "  \u2014 "),
        PLAIN.replace("light", "li\u200bght").replace("bird", "b\u00adird"),
        "".join(chr(ord(sign) + 0xFEE0) if sign != " " else "\u3000" for sign in PLAIN),
        PLAIN.replace(" ", " \U0001f426 "),
    ],
)
def test_what_is_said_is_the_same_however_it_is_dressed(text: str) -> None:
    (one, other), words = hashed(pa.array([PLAIN, text]))
    assert one == other
    assert words.tolist() == [15, 15]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("@wren http://marsh.example", 0),
        ("wren@marsh.example", 1),
        ("don't", 2),
        ("\u4eca\u65e5\u306f\u826f\u3044", 5),
        ("\u043f\u0442\u0438\u0446\u0430 \u043f\u043e\u0451\u0442", 2),
        ("caf\u00e9 \u00abA\u00bb", 2),
        ("http www https", 3),
        ("\U0001f426", 0),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert hashed(pa.array([text]))[1].tolist() == [words]


def test_a_word_changed_a_word_more_and_two_swapped_are_near_and_other_texts_are_not() -> None:
    other = "a quiet walk along the river with nothing but wind in the willows all day"
    near = [PLAIN.replace("bird", "heron"), PLAIN + " again", PLAIN.replace("every bird", "bird every")]
    assert same(PLAIN, *near, other) == [0, 0, 0, 0, 4]


def test_the_order_of_words_counts() -> None:
    backward = " ".join(reversed(PLAIN.split()))
    one, other = hashed(pa.array([PLAIN, backward]))[0]
    assert one != other


WORDS = st.lists(st.sampled_from([f"w{number}" for number in range(40)]), min_size=LEAST_WORDS, max_size=30)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_hashes_agree_about_as_often_as_the_sets_do(one: list[str], other: list[str]) -> None:
    def features(words: list[str]) -> set[object]:
        return {*words, *pairwise(words)}

    mine, theirs = marks(pa.array([" ".join(one), " ".join(other)])).view(np.uint16)
    jaccard = len(features(one) & features(other)) / len(features(one) | features(other))
    assert abs((mine == theirs).mean() - jaccard) < 0.45  # five deviations of 32 draws
    assert same(" ".join(one), " ".join(one)) == [0, 0]


@given(st.lists(st.text(max_size=60), max_size=5))
@settings(deadline=None)
def test_any_text_can_be_read_and_alike_whatever_stands_beside_it(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    together = hashed(pa.array(texts, pa.string()))
    for place, text in enumerate(texts):
        (alone,), (words,) = hashed(pa.array([text], pa.string()))
        assert (together[0][place], together[1][place]) == (alone, words)
        assert (marks(pa.array(texts, pa.string()))[place] == marks(pa.array([text], pa.string()))[0]).all()


def test_the_bound_is_where_it_is_said_to_be() -> None:
    found = np.zeros((2, HASHES), np.uint16)
    found[1, LEAST_AGREEING:] = 1
    parent = np.arange(2)
    join_near(found.view(np.uint64), parent)
    assert parent.tolist() == [0, 0]
    found[1, LEAST_AGREEING - 1 :] = 1
    parent = np.arange(2)
    join_near(found.view(np.uint64), parent)
    assert parent.tolist() == [0, 1]
