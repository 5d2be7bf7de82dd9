"""Which recommender stands in for a platform's own? One of the references, by name."""

from enum import StrEnum

from ringfence.exposure.recommenders.factors import FactorModel
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.exposure.recommenders.item_based import ItemBased
from ringfence.exposure.recommenders.salsa import Salsa
from ringfence.exposure.recommenders.suggestions import Recommender
from ringfence.graph.csr import Csr


class Kind(StrEnum):
    """The references that suggest accounts; `item_based` and `factors` need the extra `recommenders`."""

    FRIEND_OF_FRIEND = "friend_of_friend"
    ITEM_BASED = "item_based"
    SALSA = "salsa"
    FACTORS = "factors"


def reference(kind: Kind, follows: Csr) -> Recommender:
    """Build it from whom everybody follows. Raises Fault where a library is missing."""
    match kind:
        case Kind.FRIEND_OF_FRIEND:
            return FriendOfFriend(follows)
        case Kind.ITEM_BASED:
            return ItemBased(follows)
        case Kind.SALSA:
            return Salsa(follows)
        case Kind.FACTORS:
            return FactorModel(follows)
