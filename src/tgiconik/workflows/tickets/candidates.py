"""Candidates for a media request: found by search, decided by id, best first."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._report import in_short
from tgiconik._tasks import run_bounded
from tgiconik.iconik import IconikClient
from tgiconik.iconik.search import Condition, one_of, term
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Criteria
from tgiconik.workflows.run import IconikRun
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.tickets.articles import (
    Article,
    ArticleNumbers,
    articles_of,
    interleaved,
    resolve_articles,
)

#: The number of assets to read concurrently.
_MAX_CONCURRENCY: Final = 8
#: The fields of a hit that scoring needs.
_HIT_FIELDS: Final = ("id", "title", "media_type", "metadata")


class Score(NamedTuple):
    """How well an asset matches the criteria; compared from left to right, higher is better.

    Attributes:
        text: 3 when the title is the text, 2 when it has all its words, 1 when it has some,
            0 when the text was found elsewhere or none was asked for.
        region: 1 when the asset names the region itself, 0 when it is merely not excluded.
        language: 1 when the asset names the language.
        usage: 1 when the asset names the usage.
        media_type: 1 when the media type is the one asked for.
    """

    text: int
    region: int
    language: int
    usage: int
    media_type: int


@attrs.frozen
class Candidate:
    """An asset that matches the criteria, and its release decision.

    Attributes:
        facts: its facts in iconik, read by id.
        score: how well it matches.
        decision: the decision on its current version.
    """

    facts: AssetFacts
    score: Score
    decision: Decision


@attrs.frozen(kw_only=True)
class Candidates:
    """The candidates for a request.

    Attributes:
        matched: the number of assets that were found.
        judged: the candidates that were decided, best first. Deciding stops at the best score with
            a releasable asset; of named assets and articles, all are decided.
        gone: ids of hits that no longer exist or are not visible.
        complete: False if further hits or article numbers were not considered, because better ones
            were releasable or because of `consider`.
        articles: the article numbers of the criteria, with the assets that they stand for.
    """

    matched: int
    judged: tuple[Candidate, ...]
    gone: tuple[str, ...] = ()
    complete: bool = True
    articles: tuple[Article, ...] = ()

    @property
    def best(self) -> tuple[Candidate, ...]:
        """The releasable candidates with the best score; none, one or several."""
        allowed = [c for c in self.judged if c.decision.allowed]
        return tuple(c for c in allowed if c.score == allowed[0].score)


@without_locals
@observed()
async def find_candidates(
    iconik: IconikClient,
    criteria: Criteria,
    *,
    policy: ReleasePolicy,
    recipient: Recipient,
    purpose: Purpose,
    consider: int = 100,
    exclude: frozenset[str] = frozenset(),
    article_numbers: ArticleNumbers | None = None,
    grid: TradingGridClient | None = None,
    trail: Trail | None = None,
) -> Candidates:
    """Search for assets that match the criteria, and decide the best ones.

    `POST /API/search/v1/search/` finds hits, with constant memory. The best hits are read by id and
    decided, in order of their score, until one of them is releasable.

    Args:
        iconik: the media side.
        criteria: the search criteria. Assets named by id are decided without a search. The text is
            searched in titles and in the policy's fields for regions, languages, usages and
            restrictions. Criteria on any other metadata field match nothing, so that partners
            cannot probe fields that they may not see. Article numbers name articles: all assets
            that they stand for are decided, as assets named by id are.
        policy: the release rules; its field names are what region, language and usage are found by.
        recipient: the partner.
        purpose: the intended use.
        consider: the maximum number of hits to consider.
        exclude: asset ids to leave out.
        article_numbers: where article numbers are looked up.
        grid: the Trading Grid client, when that is an entity.
        trail: where to record it.

    Raises:
        CallError: a call to a platform failed.
        ConfigurationError: `consider` is below 1; the criteria have article numbers and
            `article_numbers` is missing; or the field or the entity that it names does not exist.
    """
    run = IconikRun(iconik=iconik, policy=policy, trail=trail or Trail(now=utc_now))
    return await search_candidates(
        run,
        criteria,
        recipient=recipient,
        purpose=purpose,
        consider=consider,
        exclude=exclude,
        article_numbers=article_numbers,
        grid=grid,
    )


async def search_candidates(
    run: IconikRun,
    criteria: Criteria,
    *,
    recipient: Recipient,
    purpose: Purpose,
    consider: int,
    exclude: frozenset[str],
    article_numbers: ArticleNumbers | None = None,
    grid: TradingGridClient | None = None,
) -> Candidates:
    """Search for candidates; see `find_candidates`."""
    if consider < 1:
        raise errors.ConfigurationError("consider must be at least 1")
    policy = run.policy
    is_named = bool(criteria.asset_ids or criteria.article_numbers)
    hidden = sorted(criteria.metadata.keys() - _searchable(policy))
    # Where hidden fields are asked about, no number finds anything either.
    articles = articles_of(criteria.article_numbers)
    if articles and not hidden:
        articles = await _resolve(
            run, criteria, article_numbers, grid, partner_id=recipient.company_id, most=consider
        )
    if hidden and not criteria.asset_ids:
        run.trail.decided(f"nothing matches: {in_short(hidden)} cannot be searched")
        return Candidates(matched=0, judged=(), articles=tuple(articles))
    if is_named:
        wanted = dict.fromkeys([*criteria.asset_ids, *interleaved(articles)])
        found_ids = [id_ for id_ in wanted if id_ not in exclude]
        matched = len(found_ids)
        # Assets that are named by id are all decided; what numbers stand for may be any number.
        most = max(consider, len(criteria.asset_ids))
        ranked = [(_unscored(), id_) for id_ in found_ids[:most]]
    else:
        ranked, matched = await _search(run, criteria, consider, exclude)
        run.trail.read(f"search: {matched} assets match")
    judged: list[Candidate] = []
    gone: list[str] = []
    for rated, tier in groupby(ranked, key=lambda ranked_one: ranked_one[0]):
        ids = [id_ for _, id_ in tier]
        found = await _read_all(run, ids)
        gone += [id_ for id_ in ids if id_ not in found]
        for facts in found.values():
            decision = decide(policy, facts, recipient, purpose, run.now())
            # The index may lag, so facts read by id count; only the media type is from the index.
            exact = score(
                criteria, policy, title=facts.title, media_type=None, metadata=facts.metadata
            )
            judged.append(Candidate(facts, exact._replace(media_type=rated.media_type), decision))
        if not is_named and any(c.decision.allowed for c in judged):
            break
    judged.sort(key=lambda c: (*(-part for part in c.score), c.facts.title, c.facts.asset_id))
    return Candidates(
        matched=matched,
        judged=tuple(judged),
        gone=tuple(gone),
        complete=len(judged) + len(gone) == matched
        and sum(article.problem is None for article in articles) <= consider,
        articles=tuple(articles),
    )


async def _resolve(
    run: IconikRun,
    criteria: Criteria,
    source: ArticleNumbers | None,
    grid: TradingGridClient | None,
    *,
    partner_id: str,
    most: int,
) -> list[Article]:
    if source is None:
        raise errors.ConfigurationError(
            "the criteria have article numbers: say where to look them up, with "
            "article_numbers=ArticleNumbers(…)"
        )
    articles = await resolve_articles(
        run,
        criteria.article_numbers,
        source,
        grid,
        partner_id=partner_id,
        text=criteria.text,
        search_fields=_search_fields(run.policy),
        where=list(_conditions(criteria)),
        most=most,
    )
    for article in articles:
        if article.problem is not None:
            run.trail.decided(f"{article.label}: {article.problem}")
    return articles


async def _search(
    run: IconikRun, criteria: Criteria, consider: int, exclude: frozenset[str]
) -> tuple[list[tuple[Score, str]], int]:
    """The best hits by score, then by title, for a stable order."""
    best: list[tuple[Score, str, str]] = []
    matched = 0

    def rank(hit: tuple[Score, str, str]) -> tuple[object, ...]:
        rated, title, id_ = hit
        return (*(-part for part in rated), title, id_)

    hits = run.iconik.search.assets(
        criteria.text,
        search_fields=_search_fields(run.policy),
        where=list(_conditions(criteria)),
        include_fields=_HIT_FIELDS,
    )
    async for hit in hits:
        if hit.id is None or hit.id in exclude:
            continue
        matched += 1
        metadata = hit.metadata if isinstance(hit.metadata, Mapping) else {}
        rated = score(
            criteria, run.policy, title=hit.title, media_type=hit.media_type, metadata=metadata
        )
        best.append((rated, hit.title or "", hit.id))
        if len(best) >= 2 * consider:
            best = sorted(best, key=rank)[:consider]
    return [(rated, id_) for rated, _, id_ in sorted(best, key=rank)[:consider]], matched


def _searchable(policy: ReleasePolicy) -> set[str]:
    """The metadata fields that partners may search: what they are told of media they get."""
    return {
        policy.regions_field,
        policy.languages_field,
        policy.usages_field,
        policy.restrictions_field,
    }


def _search_fields(policy: ReleasePolicy) -> list[str]:
    return ["title", *(f"metadata.{name}" for name in sorted(_searchable(policy)))]


def _conditions(criteria: Criteria) -> Iterable[Condition]:
    """Search conditions that prefilter hits; `decide` evaluates missing fields."""
    yield term("status", "ACTIVE")
    if criteria.media_type:
        yield term("media_type", criteria.media_type)
    for name, value in criteria.metadata.items():
        yield one_of(f"metadata.{name}", value if isinstance(value, list) else [value])


async def _read_all(run: IconikRun, ids: Sequence[str]) -> dict[str, AssetFacts]:
    """Read the facts of all existing assets with bounded concurrency; the first error is raised."""
    found: dict[str, AssetFacts] = {}

    async def read(id_: str) -> None:
        try:
            found[id_] = await read_facts(run, id_)
        except (errors.NotFound, errors.ConfigurationError):
            # Partners can name ids: a text that no path can contain, such as "..", names no asset.
            run.trail.read(f"asset {named(id_)} is gone")

    await run_bounded(ids, read, max_concurrency=_MAX_CONCURRENCY)
    return found


def score(
    criteria: Criteria,
    policy: ReleasePolicy,
    *,
    title: str | None,
    media_type: str | None,
    metadata: Mapping[str, Any],
) -> Score:
    """The score of a hit of the index or of an asset read by id."""

    def names(field: str | None, wanted: str | None) -> int:
        values = metadata.get(field) if field else None
        many = values if isinstance(values, Sequence) and not isinstance(values, str) else [values]
        texts = {value.casefold() for value in many if isinstance(value, str)}
        return int(wanted is not None and wanted.casefold() in texts)

    return Score(
        text=_text_score(criteria.text or "", title or ""),
        region=names(policy.regions_field, criteria.region),
        language=names(policy.languages_field, criteria.language),
        usage=names(policy.usages_field, criteria.usage),
        media_type=int(criteria.media_type is not None and criteria.media_type == media_type),
    )


def _text_score(text: str, title: str) -> int:
    wanted, words = text.casefold().split(), set(title.casefold().split())
    if not wanted:
        return 0
    if wanted == title.casefold().split():
        return 3
    if words.issuperset(wanted):
        return 2
    return int(not words.isdisjoint(wanted))


def _unscored() -> Score:
    return Score(0, 0, 0, 0, 0)
