"""The release notes are the changelog's section of the version."""

import pytest

from codegen.changelog import NoSuchVersionError, section

TEXT = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-28

### Added

- A thing.

## [0.1.0]

- Another one.
"""


def test_a_section_ends_where_the_next_version_begins() -> None:
    assert section(TEXT, "0.2.0") == "### Added\n\n- A thing.\n"
    assert section(TEXT, "0.1.0") == "- Another one.\n"


@pytest.mark.parametrize("version", ["0.3.0", "Unreleased", "0"])
def test_a_version_without_anything_said_is_no_release(version: str) -> None:
    with pytest.raises(NoSuchVersionError, match=version):
        section(TEXT, version)
