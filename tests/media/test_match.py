from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.media.banks.bank import SERIOUSNESS, Bank, Remedy
from ringfence.media.banks.contents import Content, Entry, Review
from ringfence.media.items import Signal
from ringfence.media.match import LEAST_FRAMES, Answer, Hit, Now, Reason, judge, rolled_out
from ringfence.media.queries import Look, Query
from ringfence.model.words import HashKind, Opinion

AT = datetime(2026, 11, 3, tzinfo=UTC)
QUERY = Query("nest.jpg", (Signal(HashKind.SHA256, bytes(32)),), (Look(bytes(32)),))
ACTS = Bank("kittiwake", source="aviary", action=Remedy.REPORT_QUEUE)
NEVER = Bank("puffin", source="puffins", opinion=Opinion.NEGATIVE)
WREN = Content(1, "kittiwake", "wren", ("nest",), Opinion.POSITIVE, None, None, None, None, None, None, gone=False)


def hit(
    bank: Bank, distance: int = 0, number: int = 1, kind: HashKind = HashKind.PDQ, *, entry_quality: int | None = 80,
    quality: int | None = 80, content: Content = WREN,
) -> Hit:  # fmt: skip
    mine = replace(content, bank=bank.name, content=number)
    return Hit(Entry(number, kind, bytes(32), entry_quality, mine), distance, "as it is", quality)


def answer(*hits: tuple[Bank, Hit], key: bytes = bytes(32)) -> Answer:
    now = Now({bank.name: bank for bank, _ in hits}, AT, key, 7)
    return judge(QUERY, [one for _, one in hits], now)


def of(bank: Bank, distance: int = 0, number: int = 1, **more: object) -> tuple[Bank, Hit]:
    return bank, hit(bank, distance, number, **more)  # type: ignore[arg-type]


def test_a_near_match_earns_its_banks_action_and_says_where_it_comes_from() -> None:
    found = answer(of(ACTS, 9))
    (match,) = found.matches
    assert (found.media_id, found.remedy, found.change) == ("nest.jpg", Remedy.REPORT_QUEUE, 7)
    assert (match.bank, match.source, match.distance, match.labels) == ("kittiwake", "aviary", 9, ("nest",))
    assert match.reasons == (Reason.NEAR,)


@pytest.mark.parametrize(
    ("bank", "content", "distance", "reason"),
    [
        (ACTS, WREN, 21, Reason.FAR),
        (replace(ACTS, vetted=False), WREN, 0, Reason.UNVETTED_SOURCE),
        (replace(ACTS, source="StopNCII"), WREN, 0, Reason.UNVETTED_SOURCE),
        (ACTS, replace(WREN, held="flood"), 0, Reason.QUARANTINED),
        (replace(ACTS, opinion=Opinion.DISPUTED), WREN, 0, Reason.DISPUTED),
        (ACTS, replace(WREN, opinion=Opinion.INVESTIGATE), 0, Reason.INVESTIGATE),
        (ACTS, replace(WREN, review=Review.CHANGED), 0, Reason.CHANGED_SINCE_REVIEW),
        (replace(ACTS, sources_needed=2), WREN, 0, Reason.TOO_FEW_SOURCES),
    ],
)
def test_in_doubt_a_person_decides(bank: Bank, content: Content, distance: int, reason: Reason) -> None:
    found = answer(of(bank, distance, content=content))
    assert found.remedy is Remedy.REVIEW
    assert reason in found.matches[0].reasons


@pytest.mark.parametrize(
    ("bank", "content", "reason"),
    [
        (ACTS, replace(WREN, review=Review.DECONFIRMED), Reason.DECONFIRMED),
        (ACTS, replace(WREN, opinion=Opinion.NEGATIVE), Reason.NEGATIVE_OPINION),
        (ACTS, replace(WREN, disabled_until=AT + timedelta(seconds=1)), Reason.DISABLED),
        (replace(ACTS, rollout=0), WREN, Reason.NOT_ROLLED_OUT),
    ],
)
def test_what_does_nothing_is_still_told(bank: Bank, content: Content, reason: Reason) -> None:
    found = answer(of(bank, content=content))
    assert (found.remedy, found.matches[0].remedy) == (None, None)
    assert reason in found.matches[0].reasons


def test_a_content_acts_again_at_the_moment_until_which_it_was_disabled() -> None:
    assert answer(of(ACTS, content=replace(WREN, disabled_until=AT))).remedy is Remedy.REPORT_QUEUE


def test_a_reviewers_confirmation_vouches_for_an_unvetted_source_but_not_for_a_far_match() -> None:
    confirmed = replace(WREN, review=Review.CONFIRMED)
    bank = replace(ACTS, source="stopncii")
    assert answer(of(bank, content=confirmed)).remedy is Remedy.REPORT_QUEUE
    assert answer(of(bank, 21, content=confirmed)).remedy is Remedy.REVIEW


@pytest.mark.parametrize(
    ("never", "known", "remedy", "reason"),
    [
        (5, 5, None, Reason.NEGATIVE_BANK),
        (4, 5, None, Reason.NEGATIVE_BANK),
        (6, 5, Remedy.REVIEW, Reason.NEGATIVE_NEARBY),
        (21, 25, Remedy.REVIEW, Reason.NEGATIVE_NEARBY),  # too far away to silence anything
    ],
)
def test_a_negative_bank_silences_what_is_no_nearer_than_its_own(
    never: int, known: int, remedy: Remedy | None, reason: Reason
) -> None:
    found = answer(of(NEVER, never, 1), of(ACTS, known, 2))
    assert found.remedy is remedy
    mine = {match.bank: match for match in found.matches}
    assert reason in mine["kittiwake"].reasons
    assert mine["puffin"].remedy is None


def test_only_an_equal_digest_silences_an_equal_digest() -> None:
    exact = of(ACTS, 0, 2, kind=HashKind.SHA256)
    assert answer(of(NEVER, 0, 1), exact).remedy is Remedy.REVIEW
    assert answer(of(NEVER, 0, 1, kind=HashKind.MD5), exact).remedy is None


@pytest.mark.parametrize(
    "content", [replace(WREN, review=Review.DECONFIRMED), replace(WREN, disabled_until=AT + timedelta(days=1))]
)
def test_a_negative_entry_that_does_nothing_silences_nothing(content: Content) -> None:
    assert answer(of(NEVER, 0, 1, content=content), of(ACTS, 5, 2)).remedy is Remedy.REPORT_QUEUE


def test_a_negative_entry_in_quarantine_sends_to_a_person() -> None:
    assert answer(of(NEVER, 0, 1, content=replace(WREN, held="flood")), of(ACTS, 5, 2)).remedy is Remedy.REVIEW


def test_as_many_sources_as_are_needed_and_a_deconfirmed_one_counts_for_nothing() -> None:
    two = replace(ACTS, sources_needed=2)
    other = Bank("robin", source="robins")
    same = Bank("robin", source="Aviary")
    assert answer(of(two), of(other, 20, 2)).remedy is Remedy.REPORT_QUEUE
    assert answer(of(two), of(other, 21, 2)).remedy is Remedy.REVIEW
    assert answer(of(two), of(same, 0, 2)).remedy is Remedy.REVIEW
    assert answer(of(two), of(other, 0, 2, content=replace(WREN, review=Review.DECONFIRMED))).remedy is Remedy.REVIEW


@pytest.mark.parametrize(
    ("quality", "entry_quality", "matches"), [(50, 50, 1), (49, 80, 0), (80, 49, 0), (None, None, 1), (None, 49, 0)]
)
def test_a_picture_that_says_too_little_is_passed_over_and_counted(
    quality: int | None, entry_quality: int | None, matches: int
) -> None:
    found = answer(of(ACTS, quality=quality, entry_quality=entry_quality))
    assert (len(found.matches), found.low_quality) == (matches, 1 - matches)
    assert answer(of(ACTS, quality=quality, kind=HashKind.MD5, entry_quality=entry_quality)).low_quality == 0


@given(st.integers(0, 52), st.integers(0, 52))
def test_each_bank_has_its_own_radius(radius: int, distance: int) -> None:
    assert bool(answer(of(replace(ACTS, radius=radius), distance)).matches) == (distance <= radius)


def test_a_content_is_told_once_by_its_nearest_hash() -> None:
    found = answer(of(ACTS, 9), of(ACTS, 3), of(ACTS, 0, kind=HashKind.SHA1))
    assert [match.kind for match in found.matches] == [HashKind.SHA1]
    assert [match.distance for match in answer(of(ACTS, 9), of(ACTS, 3)).matches] == [3]


@given(st.binary(min_size=32, max_size=32), st.floats(0, 1), st.floats(0, 1), st.binary(min_size=16, max_size=16))
def test_a_rollout_only_grows(media: bytes, one: float, other: float, key: bytes) -> None:
    less, more = sorted((one, other))
    bank = replace(ACTS, rollout=less)
    assert not rolled_out(replace(ACTS, rollout=0), media, key)
    assert rolled_out(replace(ACTS, rollout=1), media, key)
    assert rolled_out(bank, media, key) == rolled_out(bank, media, key)
    assert rolled_out(replace(ACTS, rollout=more), media, key) >= rolled_out(bank, media, key)


def test_a_rollout_takes_about_its_share() -> None:
    taken = sum(rolled_out(replace(ACTS, rollout=0.3), number.to_bytes(32), b"key") for number in range(10_000))
    assert 2_800 < taken < 3_200  # four standard deviations and more


BANKS = st.builds(
    Bank,
    st.sampled_from(["wren", "robin", "finch"]),
    st.sampled_from(["aviary", "robins"]),
    st.sampled_from(Opinion),
    action=st.sampled_from(Remedy),
    sources_needed=st.integers(1, 2),
    vetted=st.booleans(),
)
CONTENTS = st.builds(
    replace,
    st.just(WREN),
    opinion=st.sampled_from(Opinion),
    review=st.sampled_from([None, *Review]),
    held=st.sampled_from([None, "flood"]),
)
HITS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 31), st.integers(1, 6), CONTENTS), max_size=6)


@given(st.tuples(BANKS, BANKS, BANKS), HITS, st.permutations(range(6)))
def test_whatever_the_order_nothing_in_doubt_acts_and_the_most_serious_remedy_counts(
    drawn: tuple[Bank, Bank, Bank], raw: list[tuple[int, int, int, Content]], order: list[int]
) -> None:
    banks = [replace(bank, name=f"bank{place}") for place, bank in enumerate(drawn)]
    hits = [of(banks[at], apart, at * 10 + number, content=content) for at, apart, number, content in raw]
    found = answer(*hits)
    shuffled = [hits[place] for place in order if place < len(hits)]
    if len({one.entry.content.content for _, one in hits}) == len(hits):
        assert answer(*shuffled) == found
    remedies = [match.remedy for match in found.matches if match.remedy]
    assert found.remedy == (max(remedies, key=SERIOUSNESS.index) if remedies else None)
    for match in found.matches:
        if match.remedy not in (None, Remedy.REVIEW):
            assert match.distance <= 20
            assert match.opinion is Opinion.POSITIVE
            assert match.reasons == (Reason.NEAR,)
    silencers = {match.distance for match in found.matches if match.opinion is Opinion.NEGATIVE}
    if not silencers:
        assert not any(Reason.NEGATIVE_BANK in match.reasons for match in found.matches)


@given(st.integers(1, 30), st.data())
def test_of_a_known_video_enough_frames_are_met_before_anything_acts(total: int, data: st.DataObject) -> None:
    met = data.draw(st.sets(st.integers(1, total), min_size=1))
    video = replace(WREN, frames=total)
    hits = [hit(ACTS, number=1, content=video) for _ in met]
    frames = [replace(one, entry=replace(one.entry, entry=entry)) for one, entry in zip(hits, met, strict=True)]
    (match,) = answer(*((ACTS, one) for one in [*frames, frames[0]])).matches  # a frame that comes twice is one
    assert match.frames == len(met) / total
    few = len(met) < LEAST_FRAMES * total
    assert (Reason.FEW_FRAMES in match.reasons) is few
    assert match.remedy is (Remedy.REVIEW if few else Remedy.REPORT_QUEUE)


def test_an_equal_digest_of_a_video_needs_no_frame() -> None:
    video = replace(WREN, frames=30)
    (match,) = answer(of(ACTS, kind=HashKind.SHA256, content=video)).matches
    assert (match.reasons, match.remedy, match.frames) == ((Reason.EXACT,), Remedy.REPORT_QUEUE, None)
