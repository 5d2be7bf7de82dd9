import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph.links import domain_sql, normal_sql


def normal(*links: str) -> list[tuple[str | None, str | None]]:
    """Each link's normal form and domain."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE spelled AS SELECT unnest($links::VARCHAR[]) AS link", {"links": list(links)})
        query = f"SELECT link, normal, {domain_sql('normal')} FROM {normal_sql('spelled')}"
        found = {link: (one, domain) for link, one, domain in connection.execute(query).fetchall()}
    return [found.get(link, (None, None)) for link in links]


@pytest.mark.parametrize(
    ("link", "form", "domain"),
    [
        ("https://www.Marsh.example/Reed/", "marsh.example/Reed", "marsh.example"),
        ("HTTP://marsh.example:80/Reed#top", "marsh.example/Reed", "marsh.example"),
        ("//user:word@marsh.example:443/Reed?", "marsh.example/Reed", "marsh.example"),
        ("marsh.example./Reed", "marsh.example/Reed", "marsh.example"),
        ("https://marsh.example:8080/a", "marsh.example:8080/a", "marsh.example"),
        ("https://marsh.example?b=2&utm_source=x&a=1&fbclid=y", "marsh.example?b=2&a=1", "marsh.example"),
        ("https://marsh.example/a?si=x#b", "marsh.example/a", "marsh.example"),
        ("https://marsh.example/a?size=2", "marsh.example/a?size=2", "marsh.example"),
        ("  http://m\u00f6we.example/\u00e4 ", "m\u00f6we.example/\u00e4", "m\u00f6we.example"),
        ("https://marsh.example/@wren?q=a@b", "marsh.example/@wren?q=a@b", "marsh.example"),
        ("localhost/a", "localhost/a", None),
        ("page7", "page7", None),
        ("", None, None),
        ("http://", None, None),
        ("https:///a", None, None),
        ("http://?a=1", None, None),
        ("not an address", None, None),
        ("mailto:wren@marsh.example", None, None),
        ("javascript:void(0)", None, None),
        ("http://<b>.example", None, None),
    ],
)
def test_spellings_of_one_page_meet_and_what_is_no_page_is_nothing(
    link: str, form: str | None, domain: str | None
) -> None:
    assert normal(link) == [(form, domain)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=30) | st.from_regex(r"\Ahttps?://[a-z.]{1,9}(/[a-z/?#&=]{0,9})?\Z"), max_size=8))
def test_a_normal_form_is_its_own_normal_form(links: list[str]) -> None:
    forms = [form for form, _ in normal(*dict.fromkeys(links)) if form is not None]
    assert [form for form, _ in normal(*forms)] == forms
