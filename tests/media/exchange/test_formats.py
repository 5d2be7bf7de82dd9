"""Is each format read as its service writes it, and is whatever else comes a Fault in one line that repeats nothing?"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.exchange.standin import StandIn, digest

from ringfence.media.exchange import feedback, markup
from ringfence.media.exchange.ncmec import Ncmec
from ringfence.media.exchange.sent import Sent, Source
from ringfence.media.exchange.stopncii import StopNcii
from ringfence.media.exchange.threatexchange import ThreatExchange, descriptors
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

SAMPLES = Path("../shared/data/exchange")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
HASH = digest("siskin")[2]
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="../shared/data/exchange is absent")


def read(source: Source, body: bytes) -> Sent:
    return source.read(body, source.settle(source.begin(), NOW, paging=True))


def told(ask: Callable[[], object]) -> str:
    """What the Fault says that it raises, if any."""
    try:
        ask()
    except Fault as fault:
        return str(fault)
    return ""


def sample(name: str, source: Ncmec | None = None) -> Sent:
    return read(source or Ncmec(), (SAMPLES / f"ncmec_{name}.xml").read_bytes())


@needs_samples
def test_entries_and_tombstones_of_ncmec() -> None:
    sent = sample("entries_xml")
    assert [(item.source_id, item.labels, item.opinion) for item in sent.items] == [
        ("42/image1", ("image", "A1"), Opinion.DISPUTED),
        ("42/video1", ("video",), Opinion.POSITIVE),
    ]
    assert sent.gone == ("43/image4", "42/video4")
    assert [one.kind for one in sent.items[0].signals] == [HashKind.MD5, HashKind.SHA1]
    assert sent.items[0].signals[0].value == bytes.fromhex("a1" * 16)
    assert sent.items[0].at == datetime(2017, 10, 24, 15, tzinfo=UTC)
    assert sent.passed_over == {"pdna": 1}
    assert sent.more
    asked = Ncmec().ask(sent.place)
    assert asked.path.startswith("/v2/entries?from=2017-10-20T00%3A00%3A00.000Z&to=")
    assert "&start=2001&" in asked.path


@needs_samples
def test_the_other_samples_of_ncmec() -> None:
    assert (sample("entries_no_data_xml").items, sample("entries_no_data_xml").gone) == ((), ())
    assert [item.source_id for item in sample("entries_xml2").items] == ["42/image10"]
    assert [item.source_id for item in sample("entries_xml3").items] == ["101/willupdate", "101/willdelete"]
    last = sample("entries_xml4")
    assert ([item.labels for item in last.items], last.gone) == ([("video", "A2")], ("101/willdelete",))
    large = sample("entries_large_fingerprints")
    assert large.passed_over == {"tmk-pdqf, by reference": 1, "videntifier, by reference": 1}
    assert len(large.items[0].signals) == 1
    others = sample("entries_xml3", Ncmec(frozenset({"42"})))
    assert (others.items, others.passed_over) == ((), {"video of another member": 2})
    for name in ("status_xml", "feedback_reasons_xml", "update_feedback_result_xml"):
        with pytest.raises(Fault, match="no list of entries"):
            sample(name)


@needs_samples
def test_feedback_is_written_as_the_samples_have_it() -> None:
    guid = "01234567-abcd-0123-4567-012345678900"
    assert feedback.reasons((SAMPLES / "ncmec_feedback_reasons_xml.xml").read_bytes()) == {guid: "Example Reason 1"}
    for name, reason in (("affirmative", ""), ("negative", guid)):
        theirs = markup.read((SAMPLES / f"ncmec_{name}_feedback_xml.xml").read_bytes(), "it")
        ours = markup.read(feedback.submission(reason), "it")
        assert [(one.tag, (one.text or "").strip()) for one in ours.iter()] == [
            (one.tag, (one.text or "").strip()) for one in theirs.iter()
        ]


def test_ranges_of_time_overlap_and_grow_where_nothing_is() -> None:
    source, place, spans = Ncmec(), Ncmec().begin(), []
    for _ in range(60):
        place = source.settle(place, NOW, paging=True)
        asked = parse_qs(urlsplit(source.ask(place).path).query)
        spans.append([datetime.fromisoformat(asked[key][0]) for key in ("from", "to")])
        sent = source.read(b"<queryResult/>", place)
        place = sent.place
        if not sent.more:
            break
    assert spans[0][0] == datetime(1970, 1, 1, tzinfo=UTC)
    assert (NOW - spans[-1][1]).total_seconds() == 5
    assert len(spans) < 30
    assert all(after[0] < before[1] for before, after in pairwise(spans))


def test_within_an_answer_the_latest_word_counts_whatever_its_order() -> None:
    def entry(tag: str, at: str) -> str:
        return f'<{tag}><member id="4">m</member><id>x</id><timestamp>{at}</timestamp>{prints}</{tag}>'

    prints = f"<fingerprints><pdq>{HASH.upper()}</pdq></fingerprints>"
    came, gone = entry("image", "2024-01-01T00:00:00Z"), entry("deletedImage", "2024-01-02T00:00:00Z")
    for order in (came + gone, gone + came):
        sent = read(Ncmec(), f"<queryResult><images>{order}</images></queryResult>".encode())
        assert (sent.items, sent.gone) == ((), ("4/x",))


def test_an_entry_without_a_hash_of_ours_is_gone_and_one_with_a_broken_hash_stays() -> None:
    def sent(prints: str) -> Sent:
        entry = f'<image><member id="4">m</member><id>x</id><fingerprints>{prints}</fingerprints></image>'
        return read(Ncmec(), f"<queryResult><images>{entry}</images></queryResult>".encode())

    assert (sent("<pdna>AA</pdna>").gone, sent("<pdna>AA</pdna>").items) == (("4/x",), ())
    broken = sent("<md5>zz</md5>")
    assert (broken.items, broken.gone, broken.passed_over) == ((), (), {"md5 that is none": 1})
    assert len(sent(f"<md5>zz</md5><pdq>{HASH}</pdq>").items) == 1


@pytest.mark.parametrize(
    ("status", "words", "opinion"),
    [
        ("Active", [], Opinion.INVESTIGATE),
        ("Active", ["PendingReview", "None"], Opinion.INVESTIGATE),
        ("Received", ["Blocked"], Opinion.POSITIVE),
        ("Active", ["NotBlocked"], Opinion.NEGATIVE),
        ("Active", ["Blocked", "NotBlocked"], Opinion.DISPUTED),
        ("Withdrawn", ["Blocked"], None),
        ("Deleted", [], None),
    ],
)
def test_what_is_withdrawn_from_stopncii_goes_and_the_rest_is_as_providers_said(
    status: str, words: list[str], opinion: Opinion | None
) -> None:
    said = [{"feedbackValue": word, "source": "x", "tags": []} for word in words]
    record = {"signalType": "ImagePDQ", "hashValue": HASH, "hashStatus": status, "CSPFeedbacks": said}
    answer = {"nextSetTimestamp": 99, "hasMoreRecords": False, "hashRecords": [record, 5, {"signalType": "VideoTMK"},
              {**record, "signalType": "VideoTMK"}, {**record, "hashValue": "zz"}]}  # fmt: skip
    sent = read(StopNcii(), json.dumps(answer).encode())
    assert [item.opinion for item in sent.items] == ([opinion] if opinion else [])
    assert len(sent.gone) == (opinion is None)
    assert not [name for name in (*sent.gone, *(item.source_id for item in sent.items)) if HASH[:8] in name]
    assert sent.passed_over == {"record that cannot be read": 2, "VideoTMK": 1, "pdq that is none": 1}


@pytest.mark.parametrize(
    ("statuses", "reaction", "opinion"),
    [
        (["MALICIOUS"], "HELPFUL", Opinion.POSITIVE),
        (["MALICIOUS"], "DISAGREE_WITH_TAGS", Opinion.DISPUTED),
        (["NON_MALICIOUS"], "HELPFUL", Opinion.NEGATIVE),
        (["MALICIOUS", "NON_MALICIOUS"], "HELPFUL", Opinion.DISPUTED),
        (["UNKNOWN"], "HELPFUL", Opinion.INVESTIGATE),
        ([], "HELPFUL", None),
    ],
)
def test_descriptors_of_threatexchange_make_the_opinion(
    statuses: list[str], reaction: str, opinion: Opinion | None
) -> None:
    seen = [{"id": 7, "status": one, "tags": {"data": [{"text": "siskin"}]}, "reactions": [{"key": reaction}]}
            for one in statuses]  # fmt: skip
    record = {
        "id": 12,
        "type": "HASH_MD5",
        "indicator": digest("x")[0],
        "last_updated": 5,
        "descriptors": {"data": seen},
    }
    answer = {"data": [record, {**record, "id": 13, "should_delete": True}, {**record, "type": "TEXT_STRING"}]}
    sent = read(ThreatExchange("1"), json.dumps(answer).encode())
    assert [(item.source_id, item.opinion) for item in sent.items] == ([("12", opinion)] if opinion else [])
    assert sent.gone == (("13",) if opinion else ("12", "13"))
    assert sent.passed_over == {"TEXT_STRING": 1}
    if opinion:
        assert sent.items[0].labels == ("HASH_MD5", "siskin")


def test_the_token_that_threatexchange_writes_into_a_page_is_not_kept() -> None:
    following = "https://graph.facebook.com/v26.0/1/threat_updates/?access_token=feather&cursor=abc"
    sent = read(ThreatExchange("1"), json.dumps({"data": [], "paging": {"next": following}}).encode())
    assert "cursor=abc" in ThreatExchange("1").ask(sent.place).path
    assert "feather" not in sent.place


BOMBS = [
    b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><queryResult>&c;</queryResult>',
    b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><queryResult/>',
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><queryResult>&b;</queryResult>',
    b'<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/hostname">%b;]><queryResult/>',
    b"<queryResult>" * 100_000,
]


@pytest.mark.parametrize("body", BOMBS)
def test_a_bomb_is_refused_at_once(body: bytes) -> None:
    with pytest.raises(Fault, match=r"document type|elements deep"):
        read(Ncmec(), body)


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"[" * 100_000, b"null", b"{}", b"<a>", b"\xff\xfe<",
             b'<?xml version="1.0" encoding="x"?><a/>',
             b"<queryResult><images/></queryResult><b/>"]
)  # fmt: skip
@pytest.mark.parametrize("source", [Ncmec(), StopNcii(), ThreatExchange("1")], ids=lambda one: type(one).__name__)
def test_what_is_no_answer_is_a_fault(source: Source, body: bytes) -> None:
    with pytest.raises(Fault) as told:
        read(source, body)
    assert "\n" not in str(told.value)


def _bodies() -> dict[str, tuple[Source, bytes]]:
    stand_in = StandIn(size=2, address="http://127.0.0.1:1")
    for number, name in enumerate(("siskin", "wryneck", "dunnock")):
        stand_in.put(name, 1_700_000_000 + number, gone=number == 1)
    span = "from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"
    return {
        "ncmec": (Ncmec(), stand_in._ncmec("GET", f"/v2/entries?{span}")[2]),
        "stopncii": (StopNcii(), stand_in._stopncii("/FetchHashes?startTimestamp=10")[2]),
        "threatexchange": (ThreatExchange("1234"), stand_in._threatexchange("/1234/threat_updates/?start_time=0")[2]),
    }


BODIES = _bodies()


@pytest.mark.parametrize("service", BODIES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mangled_answers_never_raise_anything_but_faults(service: str, data: st.DataObject) -> None:
    source, body = BODIES[service]
    assert read(source, body).items
    start = data.draw(st.integers(0, len(body)))
    length = data.draw(st.integers(0, 12))
    put = data.draw(
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from(
                [
                    b"null",
                    b"1e999",
                    b"-1",
                    b"99999999999999999999",
                    b'"\\ud800"',
                    b"{}",
                    b"[]",
                    b"true",
                    b"&#0;",
                    b"<x/>",
                    b'""',
                ]
            ),
        )
    )
    mangled = body[:start] + put + body[start + length :]
    try:
        sent = read(source, mangled)
    except Fault as fault:
        says = str(fault)
    else:
        says = json.dumps([sent.mark, sent.place, dict(sent.passed_over)])
        json.dumps([item.source_id for item in sent.items]).encode()
        [item.source_id.encode() + "".join(item.labels).encode() for item in sent.items]
    assert not [one for one in (*digest("siskin"), *digest("dunnock")) if one in says]
    assert "\n" not in says


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
            st.sampled_from(["id", "type", "indicator", "descriptors", "data", "tags", "reactions", "key", "status",
                             "last_updated", "should_delete", "text", "paging", "next", "signalType", "hashValue",
                             "nextPageToken", "nextSetTimestamp", "hasMoreRecords", "hashRecords", "CSPFeedbacks"]),
            inner, max_size=5),
        max_leaves=20,
    )
)  # fmt: skip
def test_json_of_any_shape_never_raises_anything_but_faults(value: object) -> None:
    record: dict[str, object] = {
        "id": "1",
        "type": "HASH_PDQ",
        "indicator": HASH,
        "signalType": "ImagePDQ",
        "hashValue": HASH,
    }
    record |= value if isinstance(value, dict) else {"descriptors": value, "CSPFeedbacks": value}
    for body in (
        value,
        {"data": [record, value]},
        {"nextSetTimestamp": 9, "hasMoreRecords": False, "hashRecords": [record, value]},
    ):
        text = json.dumps(body).encode()
        for source in (StopNcii(), ThreatExchange("1")):
            assert HASH not in told(partial(read, source, text))
        assert HASH not in told(partial(descriptors, text))
