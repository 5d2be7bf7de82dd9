from ringfence.ingest.choices import choices


def test_the_nearest_name_and_all_the_others_are_given() -> None:
    assert choices("acount_id", ["account_id", "handle"]) == "did you mean 'account_id'? use one of account_id, handle"


def test_a_word_near_nothing_is_answered_with_the_list_alone() -> None:
    assert choices("firecrest", ["posts", "ties"]) == "use one of posts, ties"


def test_an_empty_list_says_so() -> None:
    assert choices("firecrest", []) == "there is nothing to choose from"
