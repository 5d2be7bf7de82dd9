"""Which words may appear in events, results, policies and decisions? Each list here is closed."""

from enum import StrEnum


class Table(StrEnum):
    """One kind of event, and the name of the table that holds it."""

    ACCOUNTS = "accounts"
    POSTS = "posts"
    TIES = "ties"
    SEARCHES = "searches"
    IMPRESSIONS = "impressions"
    REPORTS = "reports"
    LABELS = "labels"


class Relation(StrEnum):
    """One kind of tie. Those of `ACCOUNT_RELATIONS` join two accounts, the others an account and an object."""

    FOLLOWS = "follows"
    REPLIES = "replies"
    CO_REPORTED = "co_reported"
    MENTIONS = "mentions"
    USES_HASHTAG = "uses_hashtag"
    SHARES_MEDIA = "shares_media"
    SHARES_LINK = "shares_link"
    SHARES_DOMAIN = "shares_domain"
    SHARES_TEXT = "shares_text"
    SHARES_CONTACT = "shares_contact"
    REPOSTS = "reposts"
    REPORTED_BY = "reported_by"


# What a tie of each relation leads to is settled when its row lands: a relation never changes sides.
ACCOUNT_RELATIONS = frozenset({Relation.FOLLOWS, Relation.REPLIES, Relation.CO_REPORTED, Relation.MENTIONS})


class Opinion(StrEnum):
    """What a person thinks of a seed or a label."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    DISPUTED = "disputed"
    INVESTIGATE = "investigate"


class SeedKind(StrEnum):
    """What a seed is: an account, a term, the hash of a media file, or a report."""

    ACCOUNT = "account"
    TERM = "term"
    MEDIA = "media"
    REPORT = "report"


class HashKind(StrEnum):
    """How a hash of media was made: from its bytes, or (PDQ) from how a picture looks."""

    PDQ = "pdq"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"


class Role(StrEnum):
    """What an account does in a network. A likely minor is routed to care, never to takedown."""

    PROMOTER = "promoter"
    AUDIENCE = "audience"
    BRIDGE = "bridge"
    LIKELY_MINOR = "likely_minor"


class NetworkEvent(StrEnum):
    """What became of a network from one run to the next."""

    NEW = "new"
    KEPT = "kept"
    SPLIT_FROM = "split_from"
    MERGED_FROM = "merged_from"
    GONE = "gone"


class Surface(StrEnum):
    """Where a platform's discovery features show something to somebody."""

    SEARCH = "search"
    AUTOCOMPLETE = "autocomplete"
    HASHTAG = "hashtag"
    SUGGESTION = "suggestion"
    RECOMMENDATION = "recommendation"


class Verdict(StrEnum):
    """What the guard answers, mildest first. `review` queues for a person and hides nothing."""

    ALLOW = "allow"
    REVIEW = "review"
    DEMOTE = "demote"
    DROP = "drop"
    BLOCK = "block"
