import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.graph.contacts import CONTACT, HOSTS, SPELLINGS, contact


def contacts(*bios: str) -> list[list[str]]:
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT regexp_extract_all(lower(bio), $contact) FROM (SELECT unnest($bios::VARCHAR[]) AS bio)",
            {"contact": CONTACT, "bios": list(bios)},
        ).fetchall()
    return [[contact(one) for one in each] for (each,) in found]


@pytest.mark.parametrize(
    ("bio", "found"),
    [
        ("IG: Reed.Bed", ["instagram:reed.bed"]),
        ("find me insta @reed.bed!", ["instagram:reed.bed"]),
        ("@reed.bed on Instagram.", ["instagram:reed.bed"]),
        ("https://www.instagram.com/Reed.Bed/?hl=en", ["instagram:reed.bed"]),
        ("tg \u2192 @reedbed, wren@marsh.example", ["telegram:reedbed", "mail:wren@marsh.example"]),
        ("t.me/+AbC123", ["telegram:+abc123"]),
        ("t.me/joinchat/AbC123", ["telegram:abc123"]),
        ("discord.gg/reeds and discord.com/invite/reeds", ["discord:reeds", "discord:reeds"]),
        ("@reedbed on x", ["twitter:reedbed"]),
        ("snap - reedbed", ["snapchat:reedbed"]),
        ("dc-based, pints of kikuyu: good", []),
        ("a bird a day; big: very", []),
        ("the@ no @one on top", []),
        ("", []),
    ],
)
def test_contacts_of_profiles_meet_in_one_spelling(bio: str, found: list[str]) -> None:
    assert contacts(bio) == [found]


@pytest.mark.parametrize("place", HOSTS)
def test_every_place_is_read(place: str) -> None:
    assert contacts(f"see https://{place}reedbed") == [[f"{HOSTS[place]}:reedbed"]]


@pytest.mark.parametrize("spelling", [one for spellings in SPELLINGS.values() for one in spellings])
def test_every_spelling_is_read_both_ways(spelling: str) -> None:
    first, second = contacts(f"{spelling}: reedbed", f"@reedbed on {spelling}")
    assert first == second
    assert first[0].endswith(":reedbed")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_profile_can_be_read(bios: list[str]) -> None:
    for found in contacts(*bios):
        assert all(":" in one for one in found)
