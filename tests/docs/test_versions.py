"""The menu of the site's versions: there where mike builds, and nowhere else."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from codegen.website import included, versions

ROOT = Path(__file__).parents[2]


def configured() -> SimpleNamespace:
    """What mkdocs.yml says about versions."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    (extra,) = re.findall(r"^extra:\n(?:  .*\n)+", text, re.MULTILINE)
    return SimpleNamespace(extra=yaml.safe_load(extra)["extra"])


def test_the_menu_is_that_of_mike_and_says_which_version_is_current() -> None:
    assert configured().extra["version"] == {"provider": "mike", "default": "latest"}
    assert "codegen/website/versions.py" in (ROOT / "mkdocs.yml").read_text("utf-8")


@pytest.mark.parametrize(("variable", "shown"), [("0.2", True), (None, False)])
def test_only_a_build_by_mike_has_the_menu(
    variable: str | None, *, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(versions.VARIABLE, raising=False)
    if variable:
        monkeypatch.setenv(versions.VARIABLE, variable)
    config = configured()
    versions.on_config(config)
    assert ("version" in config.extra) is shown


def test_the_changelog_s_links_lead_to_pages() -> None:
    page = included.on_page_markdown(included.SNIPPET)
    assert page.startswith("# Changelog")
    assert "](docs/" not in page
    assert "](webhooks.md)" in page
    assert included.on_page_markdown("# Other") == "# Other"
