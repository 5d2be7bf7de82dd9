"""Is every trouble with a platform's answers counted, taken out, and none of it silently?"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exposure.recommenders.parts import ids, keeps_its_promises

from ringfence.exposure.recommenders.checked import Checked, Checks
from ringfence.exposure.recommenders.platform import Malformed, Names
from ringfence.exposure.recommenders.suggestions import NOBODY
from ringfence.exposure.recommenders.troubles import Trouble, Troubles
from ringfence.model.faults import Fault

BIRDS = ["heron", "kestrel", "lark", "plover", "teal", "wren", "swift", "rook"]
NAMES = Names(BIRDS)
QUIET = Checks(twice=0)
ALWAYS = Checks(twice=1)


class Says:
    """Answers from a list, one after another, and raises what is an error; the last one again and again."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str | None, Sequence[str], int]] = []

    def __call__(self, viewer: str | None, followed: Sequence[str], wanted: int) -> Sequence[str]:
        self.asked.append((viewer, followed, wanted))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise type(answer)(*answer.args)  # a fresh one: an error remembers all who raised it
        return answer  # type: ignore[return-value] # some of it is not, on purpose


def counts(troubles: Troubles) -> dict[str, int]:
    """Those that are not zero."""
    return {kind: getattr(troubles, kind) for kind in Trouble if getattr(troubles, kind)}


def test_a_good_answer_passes_untouched() -> None:
    platform = Says(["teal", "wren"])
    suggest = Checked(platform, NAMES, QUIET)
    answer = suggest(ids(0, 2), 2, 1)
    assert (answer.ids.tolist(), answer.backfilled) == ([4, 5], 0)
    assert platform.asked == [("kestrel", ["heron", "lark"], 2)]
    assert counts(suggest.troubles) == {}
    assert (suggest.troubles.asked, suggest.troubles.failed) == (1, 0)


@pytest.mark.parametrize("viewer", [NOBODY, 8, 900])
def test_a_test_account_is_somebody_new_to_the_platform(viewer: int) -> None:
    platform = Says(["teal"])
    Checked(platform, NAMES, QUIET)(ids(0), 1, viewer)
    assert platform.asked == [(None, ["heron"], 1)]


@pytest.mark.parametrize(
    ("answer", "shown", "troubles"),
    [
        (TimeoutError("too late"), [], {"timeouts": 1}),
        (OSError("unplugged"), [], {"errors": 1}),
        (Malformed("no list"), [], {"malformed": 1}),
        (None, [], {"malformed": 1}),
        ("heron", [], {"malformed": 1}),
        ({"heron": 1}, [], {"malformed": 1}),
        (["teal", 7], [], {"malformed": 1}),
        (["teal", None], [], {"malformed": 1}),
        ([], [], {"empty": 1}),
        (["teal"], [4], {"short": 1}),
        (["kestrel"], [], {"viewer": 1, "empty": 1}),
        (["heron", "teal", "wren"], [4, 5], {"followed": 1, "short": 1}),
        (["teal", "wren", "teal"], [4, 5], {"duplicates": 1, "short": 1}),
        (["teal", "emu", ""], [4], {"unknown": 2, "short": 1}),
        (["teal", "wren", "swift", "rook"], [4, 5, 6], {"too_many": 1}),
        (("teal", "wren", "swift"), [4, 5, 6], {}),
    ],
)
def test_each_trouble_is_counted_with_an_example(answer: object, shown: list[int], troubles: dict[str, int]) -> None:
    suggest = Checked(Says(answer), NAMES, QUIET)
    assert suggest(ids(0), 3, 1).ids.tolist() == shown
    assert counts(suggest.troubles) == troubles
    assert {str(kind) for kind in suggest.troubles.examples} == troubles.keys()
    assert all("'kestrel' following 1, 3 wanted" in example for example in suggest.troubles.examples.values())


def test_an_answer_that_changes_is_counted() -> None:
    suggest = Checked(Says(["teal"], ["wren"], ["teal"]), NAMES, ALWAYS)
    assert suggest(ids(0), 1).ids.tolist() == [4]  # the first answer counts
    assert counts(suggest.troubles) == {"changed": 1}
    assert (suggest.troubles.asked, suggest.troubles.asked_twice) == (2, 1)
    assert "first 1 accounts from 'teal', then 1 accounts from 'wren'" in suggest.troubles.examples[Trouble.CHANGED]


def test_a_second_time_that_fails_is_a_failure_and_no_change() -> None:
    suggest = Checked(Says(["teal"], TimeoutError()), NAMES, ALWAYS)
    assert suggest(ids(0), 1).ids.tolist() == [4]
    assert counts(suggest.troubles) == {"timeouts": 1}


def test_a_longer_answer_that_begins_otherwise_keeps_the_shorter_one_at_its_head() -> None:
    suggest = Checked(Says(["teal"], ["wren", "teal", "swift"]), NAMES, QUIET)
    short, long = suggest(ids(0), 1), suggest(ids(0), 3)
    assert (short.ids.tolist(), long.ids.tolist()) == ([4], [4, 5, 6])
    assert counts(suggest.troubles) == {"changed": 1}


def test_another_viewer_may_be_shown_something_else() -> None:
    suggest = Checked(Says(["teal"], ["wren", "swift"]), NAMES, QUIET)
    suggest(ids(0), 1, 1)
    assert suggest(ids(0), 2, 2).ids.tolist() == [5, 6]
    assert counts(suggest.troubles) == {}


def test_which_questions_are_asked_twice_hangs_on_the_seed_and_the_question_alone() -> None:
    def drawn(seed: int, viewers: Sequence[int]) -> dict[int, int]:
        found = {}
        for viewer in viewers:
            platform = Says(["heron"])
            Checked(platform, NAMES, Checks(twice=0.3, seed=seed))(ids(), 1, viewer)
            found[viewer] = len(platform.asked)
        return found

    assert drawn(1, range(1, 8)) == drawn(1, range(7, 0, -1))
    names = Names([f"bird{number}" for number in range(2_000)])
    suggest = Checked(Says(["bird0"]), names, Checks(twice=0.3, seed=5))
    for viewer in range(1, 2_000):
        suggest(ids(), 1, viewer)
    assert 520 <= suggest.troubles.asked_twice <= 680


def test_a_platform_that_fails_again_and_again_is_given_up_in_one_line() -> None:
    suggest = Checked(Says(OSError("unplugged")), NAMES, Checks(failures=3))
    assert [len(suggest(ids(0), 2).ids) for _ in range(2)] == [0, 0]
    with pytest.raises(
        Fault, match=r"^the platform's recommender: 3 answers in a row failed, .*unplugged; see to"
    ) as told:
        suggest(ids(0), 2)
    assert "\n" not in str(told.value)
    assert suggest.troubles.errors == 3


def test_failures_with_an_answer_between_them_are_not_in_a_row() -> None:
    suggest = Checked(Says(OSError(), OSError(), ["teal"], OSError(), OSError(), ["teal"]), NAMES, Checks(3, twice=0))
    assert [len(suggest(ids(0), 1).ids) for _ in range(6)] == [0, 0, 1, 0, 0, 1]
    assert suggest.troubles.failed == 4


def test_an_example_is_one_short_printable_line() -> None:
    suggest = Checked(Says(["\n\x1b[31m\ud800" * 900]), NAMES, QUIET)
    suggest(ids(0), 1)
    (example,) = [text for kind, text in suggest.troubles.examples.items() if kind is Trouble.UNKNOWN]
    assert example.isprintable()
    assert len(example) < 320


def test_a_snapshot_of_troubles_does_not_move() -> None:
    suggest = Checked(Says([]), NAMES, QUIET)
    before = suggest.troubles
    suggest(ids(0), 1)
    assert (before.empty, dict(before.examples)) == (0, {})


def test_every_kind_of_trouble_is_a_count() -> None:
    assert {str(kind) for kind in Trouble} <= {field.name for field in fields(Troubles)}


def test_nothing_wanted_is_not_asked() -> None:
    platform = Says(["teal"])
    assert Checked(platform, NAMES)(ids(0), 0).ids.tolist() == []
    assert platform.asked == []


def test_threads_lose_no_count() -> None:
    suggest = Checked(Says(["emu"]), NAMES, QUIET)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: suggest(ids(0), 1), range(2_000)))
    assert (suggest.troubles.asked, suggest.troubles.unknown, suggest.troubles.empty) == (2_000, 2_000, 2_000)


ENTRIES = st.sampled_from([*BIRDS, "emu", ""])
ANSWERS = (
    st.lists(ENTRIES, max_size=12) | st.just(OSError()) | st.just(TimeoutError()) | st.none() | st.lists(st.none())
)


@given(st.lists(ANSWERS, min_size=1), st.sets(st.integers(0, 7)), st.integers(0, 9), st.integers(-1, 9))
def test_whatever_a_platform_says_what_is_shown_can_be_shown(
    answers: list[object], followed: set[int], wanted: int, viewer: int
) -> None:
    suggest = Checked(Says(*answers), NAMES, Checks(failures=99, twice=0.5))
    for _ in range(len(answers)):
        shown = suggest(ids(*sorted(followed)), wanted, viewer).ids.tolist()
        assert not {*followed, viewer} & set(shown)
        assert len(set(shown)) == len(shown) <= wanted
        assert all(0 <= account < len(BIRDS) for account in shown)


@given(
    st.lists(ENTRIES, max_size=12), st.sets(st.integers(0, 7)), st.integers(0, 9), st.integers(-1, 9), st.integers(0, 9)
)
def test_a_platform_that_answers_from_one_list_keeps_the_promises(
    ranked: list[str], followed: set[int], wanted: int, viewer: int, more: int
) -> None:
    suggest = Checked(lambda _viewer, _followed, number: ranked[:number], NAMES)
    keeps_its_promises(suggest, (set(), len(BIRDS), sorted(followed), wanted, viewer), more)
    assert suggest.troubles.changed == 0
