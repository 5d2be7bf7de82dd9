"""In which ways may a picture have been changed that its hash can still see through?"""

from collections.abc import Iterator, Mapping

from ringfence.media.hashing import borders
from ringfence.media.hashing.hashed import AS_IT_IS, Look
from ringfence.media.hashing.pdq import FORMS, Luma, forms


def looks(lumas: Mapping[str, Luma]) -> tuple[Look, ...]:
    """Every look of a picture, the first as it is: in eight forms, and in eight more without a border where it has one.

    `lumas` holds the picture by name, first as it is; one with transparent parts comes once more for each background.
    Of looks with one hash the first stays. A picture stored on its side, to be turned when shown, needs no look of its
    own: turned is what it looks like in one of the eight forms.
    """
    found: dict[bytes, Look] = {}
    for name, luma in _parts(lumas):
        values, quality = forms(luma)
        for form, value in zip(FORMS, values, strict=True):
            found.setdefault(value, Look(value, _named(name, form), quality))
    return tuple(found.values())


def _parts(lumas: Mapping[str, Luma]) -> Iterator[tuple[str, Luma]]:
    for name, luma in lumas.items():
        yield name, luma
        seen = {luma.shape}
        for kind in borders.KINDS:
            inner = borders.within(luma, kind)
            if inner is not None and inner.shape not in seen:
                seen.add(inner.shape)
                yield _named(name, kind.name), inner


def _named(*names: str) -> str:
    return ", ".join(name for name in names if name != AS_IT_IS) or AS_IT_IS
