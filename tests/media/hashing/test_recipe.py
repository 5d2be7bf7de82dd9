import importlib.util
from importlib.machinery import ModuleSpec

import pytest

from ringfence.media.hashing.pool import Pool
from ringfence.media.hashing.recipe import Recipe
from ringfence.model.faults import Fault


@pytest.mark.parametrize(("missing", "extra"), [("PIL", "media"), ("simplejpeg", "fast-media")])
def test_without_an_extra_one_line_says_which_to_install(
    monkeypatch: pytest.MonkeyPatch, missing: str, extra: str
) -> None:
    def found(name: str) -> ModuleSpec | None:
        return None if name == missing else importlib.util.spec_from_loader(name, None)

    monkeypatch.setattr("ringfence.media.hashing.recipe.find_spec", found)
    with pytest.raises(Fault, match=rf"needs {missing}.*install ringfence\[{extra}\]"):
        Pool(Recipe(fast=True))
    if extra != "media":
        Pool(Recipe()).close()
