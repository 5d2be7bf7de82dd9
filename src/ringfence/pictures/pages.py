"""How does every page begin? With templates that escape all they are given, and the words for figures."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ringfence.pictures.figures import amount, count, interval, percent, points, times


def templates(package: str) -> Environment:
    """The templates of a package; they may include what is in this room's `templates`."""
    page = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("ringfence.pictures")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = {"count": count, "percent": percent, "interval": interval, "points": points, "times": times}
    page.filters |= {**words, "amount": amount}
    return page
