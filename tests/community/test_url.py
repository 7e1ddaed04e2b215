"""URLs of databases, and that no password of one shows anywhere."""

from pathlib import Path

import pytest

from tgiconik import errors
from tgiconik.community.store.url import PostgresqlUrl, SqliteUrl, is_database, parse


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///community.db", Path("community.db")),
        ("sqlite:///data/my%20community.db", Path("data/my community.db")),
        ("sqlite:////srv/community.db", Path("/srv/community.db")),
        ("sqlite:///C:/data/community.db", Path("C:/data/community.db")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
    ],
)
def test_a_sqlite_url_names_a_file_or_none(url: str, path: Path | None) -> None:
    assert parse(url) == SqliteUrl(path)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me:sesame@db.test:6432/acme?sslmode=require&password=sesame",
         "postgresql://me@db.test:6432/acme"),
        ("postgres://db.test/acme", "postgresql://db.test/acme"),
        ("postgresql://me:sesame@db.test:sesame/acme", "the PostgreSQL database"),
    ],
)  # fmt: skip
def test_a_postgresql_url_is_named_without_its_password(url: str, name: str) -> None:
    parsed = parse(url)
    assert isinstance(parsed, PostgresqlUrl)
    assert (parsed.dsn, parsed.name) == (url, name)
    assert "sesame" not in repr(parsed)


@pytest.mark.parametrize(
    "url",
    [
        "", "community.db", "/srv/community.db", "sqlite", "sqlite:", "sqlite:/a.db",
        "sqlite://a.db", "sqlite:///", "sqlite:///a.db?mode=ro", "sqlite:///a%00b",
        "sqlite:///a.db#x", "postgresql:", "postgresql://", "mysql://me:sesame@db.test/acme",
        "SQLITE:///a.db", "https://me:sesame@db.test", " sqlite:///a.db",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_forms_and_without_the_url(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"sqlite:///community\.db") as refused:
        parse(url)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [("sqlite:x", True), ("PostgreSQL://x", True), ("https://x.test", False), ("", False)],
)
def test_a_database_is_told_from_an_origin_by_its_scheme(url: str, *, expected: bool) -> None:
    assert is_database(url) is expected
