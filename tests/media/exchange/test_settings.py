"""Are settings and secrets refused where they would leak or do nothing, in one line that repeats no secret?"""

from pathlib import Path

import pytest

from ringfence.media.exchange import services, settings
from ringfence.media.exchange.secret import Purpose, carried
from ringfence.media.exchange.settings import Exchange
from ringfence.model.faults import Fault

GOOD = '[wren]\nservice = "ncmec"\nbank = "wren"\nsecret_env = "WREN"\nenvironment = "industry"\n'


def of(service: str, **said: object) -> Exchange:
    return Exchange.model_validate({"service": service, "bank": "wren", "secret_env": "WREN", **said})


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ((GOOD, "[wren"), "is no TOML"),
        (('"ncmec"', '"nccmec"'), "wren.service"),
        (('"industry"', '"industri"'), "did you mean 'industry'"),
        (('secret_env = "WREN"\n', ""), "where its secret is"),
        (('"WREN"\n', '"WREN"\nsecret_file = "x"\n'), "where its secret is"),
        (('"WREN"', '"wren:nest"'), "secret_env"),
        (('"WREN"', '"WREN"\nsecret = "nest"'), "wren.secret"),
        (('"WREN"', '"WREN"\ngroup = "12"'), "group is none of ncmec"),
        (('"WREN"', '"WREN"\naddress = "http://example.org"'), "not encrypted"),
        (('"WREN"', '"WREN"\naddress = "file:///etc/passwd"'), "no plain HTTP address"),
        (('"WREN"', '"WREN"\naddress = "https://wren:nest@example.org"'), "no plain HTTP address"),
        (('"WREN"', '"WREN"\naddress = "https://[::1"'), "no plain HTTP address"),
        (("[wren]", '["../wren"]'), "wren"),
        ((GOOD, GOOD + GOOD.replace("[wren]", "[robin]")), "fills the bank of [wren]"),
        (('"ncmec"', '"threatexchange"'), "environment is none of threatexchange"),
    ],
)
def test_each_wrong_setting_is_one_line(edit: tuple[str, str], says: str) -> None:
    settings.parse(GOOD, "exchanges.toml")
    with pytest.raises(Fault) as told:
        settings.parse(GOOD.replace(*edit), "exchanges.toml")
    assert says in str(told.value)
    assert "nest" not in str(told.value)


def test_adding_keeps_what_is_there_and_writes_nothing_wrong(tmp_path: Path) -> None:
    said = {
        "service": "ncmec",
        "bank": "wren",
        "secret_env": "WREN",
        "environment": "gen-ai-exploitative",
        "only_members": [4],
    }
    settings.add(tmp_path, "wren", said)
    file = tmp_path / settings.FILE
    file.write_text("# ours\n" + file.read_text())
    settings.add(tmp_path, "robin", {"service": "stopncii", "bank": "robin", "secret_file": "/x/y"})
    there = settings.read(tmp_path)
    assert (list(there), there["wren"].only_members) == (["wren", "robin"], (4,))
    assert services.address(there["wren"]) == "https://hashsharing.ncmec.org/generative-ai-exploitative"
    before = file.read_text()
    assert before.startswith("# ours\n")
    for name, bank in (("wren", "x"), ("../x", "x"), ("dunnock", "robin"), ("x]\n[y", "x")):
        with pytest.raises(Fault):
            settings.add(tmp_path, name, {"service": "stopncii", "bank": bank, "secret_env": "X"})
    assert file.read_text() == before
    with pytest.raises(Fault, match="did you mean 'robin'"):
        settings.named(there, "robbin", tmp_path)


@pytest.mark.parametrize(
    ("exchange", "secret", "purpose"),
    [
        (of("ncmec", environment="npo"), "wrennest", Purpose.FETCH),
        (of("ncmec", environment="npo"), "wren:nest\r\nx-evil: 1", Purpose.FETCH),
        (of("ncmec", environment="npo"), "wren:n\u00e9st", Purpose.FETCH),
        (of("stopncii"), "nest", Purpose.FETCH),
        (of("stopncii"), "wren,nest", Purpose.FEEDBACK),
        (of("threatexchange", group="1"), "  ", Purpose.FETCH),
    ],
)
def test_a_secret_of_the_wrong_form_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, exchange: Exchange, secret: str, purpose: Purpose
) -> None:
    monkeypatch.setenv("WREN", secret)
    with pytest.raises(Fault, match="environment variable WREN") as told:
        carried(exchange, purpose)
    assert "nest" not in str(told.value)
    monkeypatch.delenv("WREN")
    with pytest.raises(Fault, match="is not set"):
        carried(exchange, purpose)


def test_a_secret_in_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    exchange = of("stopncii", secret_env=None, secret_file=str(file))
    with pytest.raises(Fault, match="cannot be read"):
        carried(exchange, Purpose.FETCH)
    file.write_text("moss,twig,nest\n")
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        with pytest.raises(Fault, match="chmod 600"):
            carried(exchange, Purpose.FETCH)
    file.chmod(0o600)
    assert carried(exchange, Purpose.FETCH).headers["x-functions-key"] == "twig"
    assert carried(exchange, Purpose.FEEDBACK).headers["x-functions-key"] == "nest"
    assert "nest" not in repr(carried(exchange, Purpose.FEEDBACK)) + repr(services.line(exchange, Purpose.FETCH))
    with pytest.raises(Fault, match="may be read by others"):
        carried(of("stopncii", secret_env=None, secret_file="/dev/null"), Purpose.FETCH)
