"""A release is published by its tag, without a stored secret, and only once it was checked."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parents[1] / ".github" / "workflows"


@pytest.fixture
def release() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((WORKFLOWS / "release.yml").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", ["check", "release"])
def test_a_workflow_may_only_read_unless_a_job_says_more(name: str) -> None:
    text = (WORKFLOWS / f"{name}.yml").read_text("utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "secrets." not in text


def test_only_the_publishing_job_may_ask_for_an_identity(release: dict[str, Any]) -> None:
    asking = [
        name for name, job in release["jobs"].items() if "id-token" in job.get("permissions", {})
    ]
    assert asking == ["publish"]


def test_nothing_is_published_before_the_packages_are_checked(release: dict[str, Any]) -> None:
    jobs = release["jobs"]
    assert jobs["publish"]["needs"] == "build"
    commands = [step.get("run", "") for step in jobs["build"]["steps"]]
    assert any('nox --session dist -- "${GITHUB_REF_NAME#v}"' in one for one in commands)


def test_the_site_gets_a_version_once_the_packages_are_published(release: dict[str, Any]) -> None:
    job = release["jobs"]["site"]
    assert job["needs"] == "publish"
    assert job["permissions"] == {"contents": "write"}
    script = job["steps"][-1]["run"]
    assert 'mike deploy --push --update-aliases "${version%.*}" latest' in script
    assert "mike set-default --push latest" in script
    (installed,) = (step["run"] for step in job["steps"] if "pip" in step.get("run", ""))
    assert installed == 'pip install -e ".[docs]"'
    project = tomllib.loads((WORKFLOWS.parents[1] / "pyproject.toml").read_text("utf-8"))
    docs = project["project"]["optional-dependencies"]["docs"]
    assert any(one.startswith("mike") for one in docs)


def test_every_supported_python_is_tested() -> None:
    project = (WORKFLOWS.parents[1] / "pyproject.toml").read_text("utf-8")
    checks = yaml.safe_load((WORKFLOWS / "check.yml").read_text("utf-8"))
    for version in checks["jobs"]["tests"]["strategy"]["matrix"]["python"]:
        assert f"Programming Language :: Python :: {version}" in project
    assert project.count("Programming Language :: Python :: 3.") == 3
