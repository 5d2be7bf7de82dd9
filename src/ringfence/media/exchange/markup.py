"""What does a piece of XML hold? Expat reads it, and whoever declares an entity or a document type is refused."""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ringfence.model.faults import Fault

DEEPEST = 32  # elements within elements; the formats read here need 8


def read(body: bytes, where: str) -> Element:
    """The root of the document, names without their namespaces. Raises Fault, which repeats none of it.

    No exchange needs a document type, and without one there are no entities, so none can grow or be fetched.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise Fault(f"is XML more than {DEEPEST} elements deep", where=where, mend=MEND)
        builder.start(_plain(name), {_plain(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_plain(name))

    def refuse(*_: object) -> None:
        raise Fault("is XML with a document type, which may declare entities", where=where, mend=MEND)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = refuse, refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 (that it is the last part)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError, ValueError) as error:
        line = f" (line {error.lineno})" if isinstance(error, expat.ExpatError) else ""
        raise Fault(f"is no whole XML{line}", where=where, mend=MEND) from None


MEND = "nothing of this answer landed; try again later, and ask the exchange when it stays so"


def _plain(name: str) -> str:
    return name.rpartition(" ")[2]


def text(element: Element, name: str) -> str:
    """The text of the first child of that name, without spaces around; "" where there is none."""
    return (element.findtext(name) or "").strip()
