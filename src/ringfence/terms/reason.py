"""How is a hit, or a near miss, told to a reviewer in one sentence?"""

from ringfence.terms import verify
from ringfence.terms.term import Tier

# Evidence bits of verify.py: the layer's name, and how a sentence says it.
LAYERS: dict[int, tuple[str, str]] = {
    verify.DECODED: ("encoding", "as codes or between tags"),
    verify.REVERSED: ("direction", "backwards, and turned round for display"),
    verify.UNDRAWN: ("hidden", "with characters between its letters that are not drawn"),
    verify.MARKS: ("marks", "with marks on its letters"),
    verify.LOOK_ALIKES: ("look-alikes", "with letters that look like others"),
    verify.DIGITS: ("digits", "with digits for letters"),
    verify.SIGNS: ("signs", "with signs for letters"),
    verify.REPEATS: ("repeats", "with letters repeated"),
    verify.DOUBLED: ("doubled", "with a letter doubled"),
    verify.GAPS: ("gaps", "with its letters set apart"),
    verify.RUN_TOGETHER: ("run together", "with its words run together"),
    verify.CAMEL_CASE: ("camel case", "run together with other words, told apart by capitals"),
    verify.MASKED: ("mask", "with one place masked or written in a letter that is not known"),
}

REFUSALS: dict[int, str] = {
    verify.OTHER_LETTERS: "its letters are of the same classes, yet they are not the term's (as i for l, both plain)",
    verify.INSIDE_A_WORD: "it stands inside a longer word",
    verify.WRONG_PLACE: "the term is looked for only in hashtags, or only in handles",
    verify.TOO_SHORT: "the term has too few letters for this disguise, or its `layers` turn it off",
    verify.OTHER_SCRIPT: "it is a word of another script, whose letters look alike by chance",
    verify.LOOSE_GAPS: "the gaps between its letters are not those of a word spelled out",
    verify.SPELLED_OUT: "it is a part of a longer word spelled out",
    verify.ONLY_PUNCTUATION: "the sign at its edge is punctuation",
    verify.HELD_BACK: "it is the term, held back by an exception, or by a combination that is not whole",
}


def layers(evidence: int) -> tuple[str, ...]:
    """The names of what was undone, in the order in which it is undone."""
    return tuple(name for bit, (name, _) in LAYERS.items() if evidence & bit)


def sentence(written: str, word: str, tier: Tier, evidence: int, place: int) -> str:
    """Why this stretch is a hit; `place` counts code points from 0."""
    where = f"at character {place + 1}"
    if tier is Tier.EXACT and not evidence:
        return f'The text has the term "{word}" {where}.'
    said = [words for bit, (_, words) in LAYERS.items() if evidence & bit]
    if not said:
        return f'The text has "{written}" {where}, which is the term "{word}" in another case or form of its letters.'
    told = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f'The text has "{written}" {where}, which is the term "{word}" written {told}.'
