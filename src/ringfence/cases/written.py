"""May what somebody wrote be kept? Text that says something, is not too long, and that both databases take."""

from ringfence.model.faults import Fault

LONGEST = 10_000  # characters


def demand_text(text: str, where: str) -> None:
    """Raise Fault for text that is empty, too long, or has the one character that PostgreSQL does not take."""
    if not text.strip() or not _fits(text):
        raise Fault("is empty or too long", where=where, mend=f"write 1 to {LONGEST:,} characters of text")


def demand_reason(why: str, where: str) -> None:
    """The same for a reason: without one nobody can check what was done."""
    if not why.strip():
        raise Fault("no reason is given", where=where, mend="say why, so that others can check it")
    if not _fits(why):
        raise Fault("the reason is too long", where=where, mend=f"write {LONGEST:,} characters of text at the most")


def _fits(text: str) -> bool:
    return len(text) <= LONGEST and "\0" not in text
