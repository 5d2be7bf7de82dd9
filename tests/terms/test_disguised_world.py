"""The generated platform's words are found in every spelling it gives them, and its bird watchers are not accused."""

import pytest

from ringfence.terms.match import Matcher
from ringfence.terms.term import Term
from ringfence.world.vocabulary import BIOS, BIRDS, PHRASES, code_words, disguised

WORDS = [word for network in range(8) for word in code_words(network, 6)]
MATCHER = Matcher([Term(word, word) for word in WORDS])


@pytest.mark.parametrize("word", WORDS)
def test_every_spelling_of_a_networks_word_is_found(word: str) -> None:
    for spelled in disguised(word):
        for text, field in ((spelled, "hashtag"), (f"a day out #{spelled}", "post")):
            assert word in {hit.term for hit in MATCHER.find(text, field)}, spelled  # type: ignore[arg-type]


def test_bird_watchers_words_and_ordinary_posts_have_no_hit() -> None:
    everyday = [*BIOS, *(phrase for phrases in PHRASES.values() for phrase in phrases)]
    for text in [*everyday, *(f"saw a {bird}, #{bird}" for bird in BIRDS)]:
        assert MATCHER.find(text) == []
