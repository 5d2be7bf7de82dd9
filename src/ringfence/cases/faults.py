"""Why may an act on the cases not go ahead? Three kinds of Fault, for those who must tell them apart."""

from ringfence.model.faults import Fault


class Forbidden(Fault):
    """Whoever asks may not do this, or is not who they say."""


class Unknown(Fault):
    """There is nothing by that name, or it is another tenant's, which is the same to whoever asks."""


class Stale(Fault):
    """What it rests on has changed meanwhile, or somebody else holds it."""
