"""The checks of a change, one session each: `nox --list` names them, `nox` runs the usual ones.

`nox --no-venv` runs them in the environment that it is called from, as `.ci/run` does: everything
in it must be installed by then, for instance with `pip install -e ".[dev,docs]"`.
"""

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_venv = "yes"

#: What the parts of a release install, by the names of their SBOMs.
SBOMS = {"base": "", "fast": "fast", "service": "automation,community,postgres,sign"}


def install(session: nox.Session, *extras: str) -> None:
    """Install the project with some of its extras, unless the environment is not the session's."""
    if session.virtualenv.venv_backend != "none":
        session.install("--editable", f".[{','.join(extras)}]")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and layout."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def prose(session: nox.Session) -> None:
    """Spelling everywhere, and American spelling and style of the pages that people write.

    `tests/docs/test_style.py` and `tests/docs/test_terms.py` have our own rules.
    """
    install(session, "dev")
    made = {"changelog.md", "contract.md", "operations.md"}
    written = [*sorted(Path("docs").glob("*.md")), Path("docs/examples/index.md")]
    pages = [str(path) for path in written if path.name not in made]
    texts = ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"]
    session.run("codespell", *texts, "docs", "examples", "src/tgiconik")
    american = ["--builtin", "clear,rare,en-GB_to_en-US"]
    session.run("codespell", *american, "CONTRIBUTING.md", "README.md", "SECURITY.md", *pages)
    session.run("proselint", "--config", ".proselintrc.json", "check", "README.md", *pages)


@nox.session
def types(session: nox.Session) -> None:
    """The mypy and pyright checks; everything that is public has a type."""
    install(session, "dev")
    session.run("mypy")
    session.run("pyright")
    # Less than all is an exit code.
    session.run("pyright", "--verifytypes", "tgiconik", "--ignoreexternal")


@nox.session
def tests(session: nox.Session) -> None:
    """The quick tests on every core; arguments after `--` go to pytest."""
    install(session, "test")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def heavy(session: nox.Session) -> None:
    """The heavy tests, but for those in a browser, and every property with more examples."""
    install(session, "test")
    session.env["HYPOTHESIS_PROFILE"] = "thorough"
    # Hypothesis' own plugin marks its tests.
    session.run("pytest", "-n", "auto", "-m", "heavy or hypothesis", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Tests in Chromium, which must be installed; `CHROMIUM` names another browser."""
    install(session, "browser", "docs", "test")
    session.run("pytest", "-n", "auto", "-m", "browser", "tests/browser", *session.posargs)


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the documentation's pictures of our pages again, where these look different now."""
    install(session, "browser", "test")
    session.run("python", "-m", "codegen.website.screenshots", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into the folder `site`, or the one that TGICONIK_SITE names."""
    install(session, "docs")
    folder = os.environ.get("TGICONIK_SITE", "site")
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    # Without `--quiet`, which keeps warnings from being counted.
    session.run("mkdocs", "build", "--strict", "--site-dir", folder)


@nox.session
def generated(session: nox.Session) -> None:
    """Generate the services and models again; fails where that changes a file."""
    install(session, "dev")
    session.run("python", "-m", "codegen")
    session.run("git", "diff", "--exit-code", external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, and write the figures into docs/benchmarks.md; takes several minutes."""
    install(session, "test")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def dist(session: nox.Session) -> None:
    """Build and check the packages, and list what each kind of installation brings.

    An argument is the version that the packages must have.
    """
    session.install("build", "twine", "cyclonedx-bom")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", silent=True)
    packages = sorted(str(path) for path in Path("dist").glob("tgiconik-*"))
    session.run("twine", "check", "--strict", *packages)
    (wheel,) = Path("dist").glob("tgiconik-*.whl")
    version = wheel.name.split("-")[1]
    if session.posargs and session.posargs[0] != version:
        session.error(f"the packages have version {version}, and not {session.posargs[0]}")
    Path("dist/sbom").mkdir()
    for name, extras in SBOMS.items():
        environment = Path(session.create_tmp(), name).resolve()
        session.run("python", "-m", "venv", "--clear", str(environment))
        python = str(environment / "bin" / "python")
        what = f"tgiconik[{extras}] @ {wheel.resolve().as_uri()}"
        session.run(python, "-m", "pip", "install", "--quiet", what, external=True)
        target = f"dist/sbom/tgiconik-{version}-{name}.cdx.json"
        session.run("cyclonedx-py", "environment", "--output-file", target, python)
