"""How does what reviewers thought go back to the exchange? An item at a time, noted as sent once it was taken.

An item is told again when the note could not be made; each service only keeps the last word of a member.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

from ringfence.media.exchange import again, markup, ncmec, stopncii, threatexchange
from ringfence.media.exchange.again import Patience
from ringfence.media.exchange.asking import Line
from ringfence.media.exchange.sent import Judged, Request
from ringfence.media.exchange.settings import Exchange
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind, Opinion

SPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
TYPES = {HashKind.MD5: "MD5", HashKind.SHA1: "SHA1", HashKind.PDQ: "PDQ"}
WORDS = {Opinion.POSITIVE: "Blocked", Opinion.NEGATIVE: "NotBlocked"}  # StopNCII's
REACTIONS = {Opinion.POSITIVE: "HELPFUL", Opinion.NEGATIVE: "DISAGREE_WITH_TAGS"}  # ThreatExchange's


@dataclass(frozen=True, slots=True)
class Given:
    """How many items were told of, and how many there was nothing to tell of. `trouble` is why it ended early."""

    sent: int
    nothing: int
    trouble: Fault | None = None


@dataclass(slots=True)
class Teller:
    """One exchange's ear: its line, and for NCMEC the reasons that it lets one give, as they are asked for."""

    exchange: Exchange
    line: Line
    patience: Patience = field(default_factory=Patience)
    reasons: dict[HashKind, str] = field(default_factory=dict)

    def tell(self, judged: Judged) -> bool:
        """Tell of one item. False where there is nothing to tell: no opinion either way, or no hash any more."""
        if judged.opinion not in WORDS:
            return False
        if self.exchange.service == "ncmec":
            return self._ncmec(judged)
        if self.exchange.service == "stopncii":
            return self._stopncii(judged)
        return self._threatexchange(judged)

    def _ncmec(self, judged: Judged) -> bool:
        member, _, entry = judged.source_id.partition("/")
        kinds = sorted({one.kind for one in judged.signals if one.kind in TYPES})
        for kind in kinds:
            path = f"/v2/entries/{quote(member, safe='')}/{quote(entry, safe='')}/{TYPES[kind]}/feedback"
            reason = self._reason(kind) if judged.opinion is Opinion.NEGATIVE else ""
            self._ask(Request(path, "PUT", submission(reason), "application/xml; charset=utf-8"))
        return bool(kinds)

    def _stopncii(self, judged: Judged) -> bool:
        told = [(one, WORDS[judged.opinion]) for one in judged.signals]
        if told:
            self._ask(Request("/SubmitFeedback", "POST", stopncii.feedback_bodies(told), "application/json"))
        return bool(told)

    def _threatexchange(self, judged: Judged) -> bool:
        """Each descriptor of the indicator that we may see gets our reaction."""
        answer = self._ask(Request(f"/{quote(judged.source_id, safe='')}?fields=descriptors%7Bid%7D"))
        descriptors = threatexchange.descriptors(answer)
        for one in descriptors:
            body = urlencode({"reactions": REACTIONS[judged.opinion]}).encode()
            self._ask(Request(f"/{quote(one, safe='')}", "POST", body, "application/x-www-form-urlencoded"))
        return bool(descriptors)

    def _reason(self, kind: HashKind) -> str:
        """The id of the reason to give for a negative. Raises Fault where there are several and none was chosen."""
        if kind not in self.reasons:
            listed = reasons(self._ask(Request(f"/v2/feedback/{TYPES[kind]}/reasons")))
            wanted = self.exchange.negative_reason
            fitting = [one for one in listed if wanted is None or one.casefold() == wanted.casefold()]
            if len(fitting) != 1:
                offered = ", ".join(f"{guid} ({name})" for guid, name in listed.items()) or "none"
                mend = f"set negative_reason in exchanges.toml to one of those it offers: {offered}"
                raise Fault(f"takes a negative for {TYPES[kind]} only with a reason", where=self.line.where, mend=mend)
            self.reasons[kind] = fitting[0]
        return self.reasons[kind]

    def _ask(self, request: Request) -> bytes:
        types = ncmec.Ncmec().media_types if self.exchange.service == "ncmec" else threatexchange.TYPES
        return again.checked(again.ask(self.line, request, types, self.patience), self.line.where).body


def send(teller: Teller, waiting: Iterable[Judged], sent: Callable[[int], object]) -> Given:
    """Tell of each of `waiting`, and call `sent` with its number once it was taken. Ends at the first trouble."""
    done = nothing = 0
    try:
        for judged in waiting:
            told = teller.tell(judged)
            sent(judged.number)
            done, nothing = done + told, nothing + (not told)
    except Fault as fault:
        return Given(done, nothing, fault)
    return Given(done, nothing)


def submission(reason: str) -> bytes:
    """NCMEC's XML for an affirmative, or with the id of a reason for a negative."""
    root = Element("feedbackSubmission", xmlns=SPACE)
    if reason:
        SubElement(SubElement(SubElement(root, "negative"), "reasonIds"), "guid").text = reason
    else:
        SubElement(root, "affirmative")
    body: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return body


def reasons(body: bytes) -> dict[str, str]:
    """The reasons that NCMEC lets one give for a negative: name by id."""
    found = {one.get("guid", ""): one.get("name", "") for one in markup.read(body, ncmec.WHERE).iter("reason")}
    return {guid: " ".join(name.split())[:80] for guid, name in found.items() if ncmec.is_word(guid)}
