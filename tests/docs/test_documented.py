from pathlib import Path

from ringfence.cli.reference import cli_page, configuration_page
from ringfence.guard.policies.policy import SIGNALS
from ringfence.model.words import Surface, Verdict
from ringfence.store.config import settings

DOCS = Path(__file__).parents[2] / "docs"


def test_every_command_and_option_is_documented_as_it_is() -> None:
    assert (DOCS / "cli.md").read_text() == cli_page(), "run: python -m ringfence.cli.reference docs"


def test_every_setting_is_documented_as_it_is() -> None:
    page = (DOCS / "configuration.md").read_text()
    assert page == configuration_page(), "run: python -m ringfence.cli.reference docs"
    assert all(f"`{key}`" in page for key, _, _ in settings())


def test_the_policy_page_names_every_surface_verdict_and_signal() -> None:
    page = (DOCS / "policy.md").read_text()
    missing = [word for word in (*Surface, *Verdict, *SIGNALS) if f"`{word}`" not in page]
    assert not missing


def test_every_command_of_the_readme_exists() -> None:
    page = cli_page()
    readme = (DOCS.parent / "README.md").read_text()
    named = {line.split()[1] for line in readme.splitlines() if line.strip().startswith("ringfence ")}
    assert named
    assert not [name for name in named if f"## ringfence {name}" not in page]
