"""Partners' article numbers: which assets they stand for.

A number finds candidates and nothing else: what may be released is `release.decide`'s.
"""

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from string import Formatter
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik._tasks import run_bounded
from tgiconik._validate import not_blank
from tgiconik.iconik.search import Condition, Hit, one_of
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import ArticleNumber
from tgiconik.workflows.run import IconikRun
from tgiconik.workflows.run.text import named
from tgiconik.workflows.tickets.gtin import gtin_forms, gtin_problem, is_gtin_scheme

#: The number of entries to read concurrently.
_MAX_CONCURRENCY: Final = 8
#: The types of metadata fields that can hold an article number.
_HOLD_NUMBERS: Final = frozenset(
    {"string", "string_exact", "text", "tag_cloud", "drop_down", "integer"}
)
_PARTS: Final = frozenset({"partner", "scheme", "value"})


def _text_or_none(
    instance: object, field: "attrs.Attribute[str | None]", value: str | None
) -> None:
    if value is not None:
        not_blank(value, f"{type(instance).__name__}.{field.name}")


@attrs.frozen(kw_only=True)
class ArticleNumbers:
    """Where partners' article numbers are looked up.

        ArticleNumbers(field="GTIN")
        ArticleNumbers(solution="AURORA", entity="Articles")
        ArticleNumbers(solution="AURORA", entity="Skus", key="{partner}|{value}", field="ArticleId")

    With `field` alone, a metadata field of iconik holds the number. With `entity` alone, an entry
    of a cross-reference entity holds the ids of the assets. With both, the entry holds values that
    the metadata field has.

    Attributes:
        field: the metadata field, by name. Nothing else is searched for numbers.
        solution: the solution of Cartographer that has the entity.
        entity: the cross-reference entity, by name.
        key: the key of an entry, from `{value}` (the number), `{scheme}` and `{partner}` (the
            partner's company id).

    Raises:
        ConfigurationError: neither field nor entity; an entity without its solution, or a solution
            without an entity; a blank name; or a key that does not have `{value}`, or has another
            part.
    """

    field: str | None = attrs.field(default=None, validator=_text_or_none)
    solution: str | None = attrs.field(default=None, validator=_text_or_none)
    entity: str | None = attrs.field(default=None, validator=_text_or_none)
    key: str = attrs.field(default="{value}")

    def __attrs_post_init__(self) -> None:
        if self.field is None and self.entity is None:
            raise errors.ConfigurationError("ArticleNumbers needs a field, an entity or both")
        if (self.solution is None) != (self.entity is None):
            raise errors.ConfigurationError("ArticleNumbers: give solution and entity together")
        _check_key(self.key)

    def key_of(self, number: ArticleNumber, value: str, partner_id: str) -> str:
        """The key of the entry for a number.

        Args:
            number: the number.
            value: one of the forms in which it is looked up.
            partner_id: the partner who names it.
        """
        return self.key.format(value=value, scheme=number.scheme, partner=partner_id)


def _check_key(key: str) -> None:
    try:
        parts = [part for part in Formatter().parse(key) if part[1] is not None]
    except ValueError as error:
        raise errors.ConfigurationError(f"ArticleNumbers.key: {error}") from error
    names = {name for _, name, _, _ in parts}
    formatted = any(spec or conversion for _, _, spec, conversion in parts)
    if "value" not in names or names - _PARTS or formatted:
        raise errors.ConfigurationError(
            f"ArticleNumbers.key must have {{value}}, and beside it no more than {{scheme}} and "
            f"{{partner}}, not {key!r}"
        )


@attrs.frozen(kw_only=True)
class Article:
    """An article number of a request, and the assets that it stands for.

    Attributes:
        number: the number as the partner wrote it.
        problem: why it can be no such number, in words; it is not looked up then.
        asset_ids: ids of the assets that were found.
    """

    number: ArticleNumber
    problem: str | None = None
    asset_ids: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The number as comments show it, such as `GTIN 4006381333931`."""
        return f"{named(self.number.scheme)} {named(self.number.value)}"


def articles_of(numbers: Iterable[ArticleNumber]) -> list[Article]:
    """The numbers of a request, each once, with what is wrong with them."""
    return [
        Article(
            number=number,
            problem=gtin_problem(number.value) if is_gtin_scheme(number.scheme) else None,
        )
        for number in {(one.scheme, one.value): one for one in numbers}.values()
    ]


def forms_of(number: ArticleNumber) -> tuple[str, ...]:
    """The texts that stand for a number: a GTIN is the same with zeros before it."""
    if is_gtin_scheme(number.scheme):
        return gtin_forms(number.value)
    return (number.value.strip(),) if number.value.strip() else ()


async def check_source(
    run: IconikRun, source: ArticleNumbers, grid: TradingGridClient | None
) -> None:
    """Make sure that the metadata field and the entity exist, before anybody is answered.

    `GET /API/metadata/v1/fields/{name}/` and `GET …/entities/{entityName}/header-config`.

    Raises:
        ConfigurationError: one of them does not exist, the field has a type that holds no number,
            or `grid` is missing.
        CallError: a call failed.
    """
    if source.field is not None:
        try:
            field = await run.iconik.metadata.get_field(source.field)
        except errors.NotFound as error:
            raise errors.ConfigurationError(
                f"there is no metadata field {source.field} to look article numbers up in"
            ) from error
        if field.field_type not in _HOLD_NUMBERS:
            raise errors.ConfigurationError(
                f"the metadata field {source.field} is {field.field_type}: article numbers are "
                f"looked up in {', '.join(sorted(_HOLD_NUMBERS))}"
            )
        run.trail.read(f"metadata field {source.field}")
    if source.solution is not None and source.entity is not None:
        if grid is None:
            raise errors.ConfigurationError(
                "an entity is looked up on Trading Grid: give grid= beside article_numbers="
            )
        try:
            await grid.cartographer.entities.header_config(source.solution, source.entity)
        except errors.NotFound as error:
            raise errors.ConfigurationError(
                f"there is no entity {source.entity} in solution {source.solution} to look "
                "article numbers up in"
            ) from error
        run.trail.read(f"entity {source.entity} of {source.solution}")


async def resolve_articles(
    run: IconikRun,
    numbers: Iterable[ArticleNumber],
    source: ArticleNumbers,
    grid: TradingGridClient | None,
    *,
    partner_id: str,
    text: str | None,
    search_fields: Sequence[str],
    where: Sequence[Condition],
    most: int,
) -> list[Article]:
    """The numbers of a request with the assets that they stand for.

    Args:
        run: the run.
        numbers: the numbers.
        source: where to look them up.
        grid: the Trading Grid client, for an entity.
        partner_id: the partner who names them.
        text: what a search for a metadata field narrows by, beside the numbers.
        search_fields: the fields in which the text is searched.
        where: further conditions of that search.
        most: how many numbers are looked up, and how many assets are kept of each.

    Raises:
        ConfigurationError: the field or the entity does not exist, or `grid` is missing.
        CallError: a call failed.
    """
    await check_source(run, source, grid)
    articles = articles_of(numbers)
    asked = [article for article in articles if article.problem is None][:most]
    stands_for = {article: forms_of(article.number) for article in asked}
    if source.entity is not None and grid is not None:
        stands_for = await _entries(run, asked, source, grid, partner_id=partner_id)
    if source.field is not None and any(stands_for.values()):
        hits = run.iconik.search.assets(
            text,
            search_fields=search_fields,
            where=[*where, one_of(f"metadata.{source.field}", _texts(stands_for))],
            include_fields=("id", "metadata"),
        )
        stands_for = await _assets(hits, source.field, stands_for, most)
        run.trail.read(f"search by article numbers: {sum(map(bool, stands_for.values()))} found")
    return [
        attrs.evolve(article, asset_ids=stands_for.get(article, ())[:most]) for article in articles
    ]


def interleaved(articles: Iterable[Article]) -> list[str]:
    """The assets of all numbers, each once: first one of each number, then a second one."""
    rounds = zip_longest(*(article.asset_ids for article in articles))
    return list(dict.fromkeys(id_ for id_ in chain.from_iterable(rounds) if id_ is not None))


async def _entries(
    run: IconikRun,
    articles: Sequence[Article],
    source: ArticleNumbers,
    grid: TradingGridClient,
    *,
    partner_id: str,
) -> dict[Article, tuple[str, ...]]:
    """The texts of each number's entry; a number without an entry is left out.

    `GET …/entities/{entityName}/entries/{key}`, for each form of each number until one is found.
    """
    solution, entity = source.solution or "", source.entity or ""
    found: dict[Article, tuple[str, ...]] = {}

    async def look_up(article: Article) -> None:
        for form in forms_of(article.number):
            key = source.key_of(article.number, form, partner_id)
            try:
                entry = await grid.cartographer.entries.get(solution, entity, key)
            # Partners write numbers: what no key can be has no entry.
            except (errors.NotFound, errors.BadRequest, errors.ConfigurationError):
                continue
            found[article] = tuple(dict.fromkeys(text.strip() for text in entry.texts))
            return

    await run_bounded(articles, look_up, max_concurrency=_MAX_CONCURRENCY)
    run.trail.read(f"entity {entity}: {len(found)} of {len(articles)} article numbers")
    return found


async def _assets(
    hits: AsyncIterable[Hit], field: str, stands_for: Mapping[Article, Sequence[str]], most: int
) -> dict[Article, tuple[str, ...]]:
    """The hits whose field has exactly what a number stands for; an index may find more."""
    wanted: dict[str, list[Article]] = {}
    for article, texts in stands_for.items():
        for text in texts:
            wanted.setdefault(text.casefold(), []).append(article)
    found: dict[Article, list[str]] = {article: [] for article in stands_for}
    async for hit in hits:
        metadata = hit.metadata if isinstance(hit.metadata, Mapping) else {}
        for article in {one for text in _values(metadata, field) for one in wanted.get(text, ())}:
            if hit.id is not None and len(found[article]) < most:
                found[article].append(hit.id)
    return {article: tuple(ids) for article, ids in found.items()}


def _values(metadata: Mapping[str, Any], field: str) -> set[str]:
    """The values of a field, as they are compared: in any case, without blanks around them."""
    values = metadata.get(field)
    many = values if isinstance(values, Sequence) and not isinstance(values, str) else [values]
    return {str(one).strip().casefold() for one in many if isinstance(one, str | int)}


def _texts(stands_for: Mapping[Article, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(text for texts in stands_for.values() for text in texts))
