"""What may somebody send to the service, and what does it mean to the guard?"""

from collections.abc import Callable
from typing import Annotated, Generic, NoReturn, TypeVar

import msgspec

from ringfence.guard.answers import Viewer
from ringfence.guard.service.refusals import INVALID, MALFORMED, Refusal
from ringfence.guard.texts import LONGEST
from ringfence.model.words import Surface

MOST_CANDIDATES = 10_000
LONGEST_ID = 256
LARGEST_NUMBER = 2**63 - 1

# What every answer carries, the page to try the guard included.
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

Text = Annotated[str, msgspec.Meta(max_length=LONGEST, description="What was typed.")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID, description="An id of the platform's own.")]
Number = Annotated[
    int, msgspec.Meta(ge=0, le=LARGEST_NUMBER, description="An id that is a number: that of its decimal digits.")
]
Texts = Annotated[list[Text], msgspec.Meta(max_length=MOST_CANDIDATES)]
Tags = Annotated[list[Id], msgspec.Meta(max_length=MOST_CANDIDATES)]
Ids = Annotated[list[Id], msgspec.Meta(max_length=MOST_CANDIDATES)]
Numbers = Annotated[list[Number], msgspec.Meta(max_length=MOST_CANDIDATES)]
Either = Annotated[list[Id | Number], msgspec.Meta(max_length=MOST_CANDIDATES, description="All texts or all numbers.")]
Country = Annotated[str, msgspec.Meta(pattern="^([A-Z]{2})?$", description="ISO 3166, two letters, or empty.")]
Language = Annotated[
    str, msgspec.Meta(pattern="^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4})?$", description="BCP 47, such as de-AT.")
]


class Watcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"account_id": "id"}):
    """Who looks, as far as the platform wants to say."""

    account_id: Annotated[str, msgspec.Meta(max_length=LONGEST_ID)] | Number = ""
    minor: bool = False
    country: Country = ""
    language: Language = ""


Looking = Id | Number | Watcher | None


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query that was typed."""

    query: Text
    viewer: Looking = None


class Autocomplete(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was typed so far, and the completions that would be offered."""

    prefix: Text
    candidates: Texts
    viewer: Looking = None


class Related(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query, and the searches that would be offered beside its results."""

    query: Text
    candidates: Texts
    viewer: Looking = None


class Hashtag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hashtag, with or without its sigil."""

    tag: Id
    viewer: Looking = None


class Tagged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hashtags that would be listed, as trending or related ones."""

    tags: Tags
    viewer: Looking = None


Candidate = TypeVar("Candidate")


class Suggest(msgspec.Struct, Generic[Candidate], frozen=True, forbid_unknown_fields=True):
    """Accounts that would be suggested to follow."""

    candidates: Annotated[list[Candidate], msgspec.Meta(max_length=MOST_CANDIDATES)]
    viewer: Looking = None


class Recommend(msgspec.Struct, Generic[Candidate], frozen=True, forbid_unknown_fields=True):
    """Posts or accounts that would be recommended; `accounts` are those behind the posts, one for each candidate."""

    candidates: Annotated[list[Candidate], msgspec.Meta(max_length=MOST_CANDIDATES)]
    viewer: Looking = None
    surface: Surface = Surface.RECOMMENDATION
    accounts: Either | None = None


Asked = TypeVar("Asked")


class Reader(Generic[Asked]):
    """Reads bodies of one kind. With two forms of it, a body of either is taken and no mixture of both."""

    __slots__ = ("_check", "_decoders")

    def __init__(self, *forms: type[Asked], check: Callable[[Asked], object] | None = None) -> None:
        self._decoders = tuple(msgspec.json.Decoder(form) for form in forms)
        self._check = check

    def __call__(self, body: bytes) -> Asked:
        """The request in a body, or a Refusal."""
        told = ""
        for decoder in self._decoders:
            try:
                asked = decoder.decode(body)
            except msgspec.ValidationError as error:
                told = _nearer(told, str(error))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise Refusal(MALFORMED) from error
            else:
                if self._check:
                    self._check(asked)
                return asked
        return _invalid(told)


def aligned(asked: "Recommend[Id] | Recommend[Number]") -> None:
    """A Refusal when the accounts do not stand beside the candidates one by one, or are of two kinds."""
    accounts = asked.accounts
    if accounts is None:
        return
    if len(accounts) != len(asked.candidates):
        raise Refusal(INVALID, "accounts has another length than candidates", "send one account for each candidate")
    if len(set(map(type, accounts))) > 1:
        raise Refusal(INVALID, "accounts are texts and numbers", "send all of them as texts, or all as numbers")


def viewer_of(looking: Looking) -> Viewer | str | None:
    """The viewer as the guard knows them."""
    if looking is None or isinstance(looking, str):
        return looking
    if isinstance(looking, int):
        return str(looking)
    return Viewer(str(looking.account_id), looking.minor, looking.country, looking.language)


def _nearer(first: str, second: str) -> str:
    """Of what two forms have against a body, that of the form it was meant in."""
    return first if first and "got `str` - at `$.candidates" in second else second


def _invalid(message: str) -> NoReturn:
    """What is wrong and what to do, in words that leave out every value of the request."""
    if message.startswith("Object contains unknown field"):
        raise Refusal(INVALID, "the body has a field that this request does not know", "check the names of its fields")
    if message.startswith("Invalid enum value"):
        raise Refusal(INVALID, "surface is not known", f"use one of {', '.join(Surface)}")
    mend = (
        f"send at most {MOST_CANDIDATES} candidates, all texts or all whole numbers, "
        f"ids of 1 to {LONGEST_ID} characters, texts of up to {LONGEST}"
    )
    raise Refusal(INVALID, message, mend)
