"""Candidates for a request: found by search, judged by id, best first."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.search import Condition, one_of, term
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid.collaboration import Criteria
from tgiconik.workflows.run import IconikRun
from tgiconik.workflows.run.concurrency import run_bounded
from tgiconik.workflows.run.text import in_short, named
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.facts import read_facts

#: How many assets are read at once while candidates are judged.
_MAX_CONCURRENCY: Final = 8
#: What scoring needs of a hit; everything else would only travel.
_HIT_FIELDS: Final = ("id", "title", "media_type", "metadata")


class Score(NamedTuple):
    """How well an asset answers the criteria; compared from left to right, more is better.

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
    """An asset that answers the criteria, and whether it may be released.

    Attributes:
        facts: its facts in iconik, read by id.
        score: how well it answers.
        decision: the decision of `decide` on its current version.
    """

    facts: AssetFacts
    score: Score
    decision: Decision


@attrs.frozen(kw_only=True)
class Candidates:
    """The candidates that were found for a request.

    Attributes:
        matched: how many assets the search found.
        judged: those that were read and decided, best first. Judging stops with the best score
            that has a releasable asset.
        gone: ids that the search found and that could not be read any more.
        complete: False when assets were found that nobody looked at, because better ones were
            releasable or because of `consider`.
    """

    matched: int
    judged: tuple[Candidate, ...]
    gone: tuple[str, ...] = ()
    complete: bool = True

    @property
    def best(self) -> tuple[Candidate, ...]:
        """The releasable candidates with the best score: one, several equally good, or none."""
        allowed = [c for c in self.judged if c.decision.allowed]
        return tuple(c for c in allowed if c.score == allowed[0].score)


async def find_candidates(
    iconik: IconikClient,
    criteria: Criteria,
    *,
    policy: ReleasePolicy,
    recipient: Recipient,
    purpose: Purpose,
    consider: int = 100,
    exclude: frozenset[str] = frozenset(),
    trail: Trail | None = None,
) -> Candidates:
    """Search for what answers the criteria, and judge the best of it.

    `POST /API/search/v1/search/` finds, in constant memory whatever it finds; the best are read by
    id and decided, one score after the other, until one of them may be released.

    Args:
        iconik: the media side.
        criteria: what is looked for. Assets named by id are judged instead of searched for. The
            text is looked for in titles and in the policy's fields for regions, languages, usages
            and restrictions. Criteria on any other metadata field match nothing: partners cannot
            probe fields that they are not to see.
        policy: the release rules; its field names are what region, language and usage are found by.
        recipient: whom it is for.
        purpose: what for.
        consider: how many of the found assets are looked at, at the most.
        exclude: asset ids that are not wanted.
        trail: where to record it.

    Raises:
        CallError: iconik could not be asked.
        ConfigurationError: `consider` is below 1.
    """
    run = IconikRun(iconik=iconik, policy=policy, trail=trail or Trail(now=utc_now))
    return await search_candidates(
        run, criteria, recipient=recipient, purpose=purpose, consider=consider, exclude=exclude
    )


async def search_candidates(
    run: IconikRun,
    criteria: Criteria,
    *,
    recipient: Recipient,
    purpose: Purpose,
    consider: int,
    exclude: frozenset[str],
) -> Candidates:
    """Search for candidates; see `find_candidates`."""
    if consider < 1:
        raise errors.ConfigurationError("consider must be at least 1")
    policy = run.policy
    if criteria.asset_ids:
        wanted = [id_ for id_ in dict.fromkeys(criteria.asset_ids) if id_ not in exclude]
        ranked, matched = [(_unscored(), id_) for id_ in wanted], len(wanted)
    elif hidden := sorted(criteria.metadata.keys() - _searchable(policy)):
        run.trail.decided(f"nothing matches: {in_short(hidden)} cannot be searched")
        return Candidates(matched=0, judged=())
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
            # The index may lag: what is known by id counts. Only the media type is the index's own.
            exact = score(
                criteria, policy, title=facts.title, media_type=None, metadata=facts.metadata
            )
            judged.append(Candidate(facts, exact._replace(media_type=rated.media_type), decision))
        if not criteria.asset_ids and any(c.decision.allowed for c in judged):
            break
    judged.sort(key=lambda c: (*(-part for part in c.score), c.facts.title, c.facts.asset_id))
    return Candidates(
        matched=matched,
        judged=tuple(judged),
        gone=tuple(gone),
        complete=len(judged) + len(gone) == matched,
    )


async def _search(
    run: IconikRun, criteria: Criteria, consider: int, exclude: frozenset[str]
) -> tuple[list[tuple[Score, str]], int]:
    """The best hits by score, then by title, so that the same world gives the same order."""
    best: list[tuple[Score, str, str]] = []
    matched = 0

    def rank(hit: tuple[Score, str, str]) -> tuple[object, ...]:
        rated, title, id_ = hit
        return (*(-part for part in rated), title, id_)

    hits = run.iconik.search.assets(
        criteria.text,
        search_fields=["title", *(f"metadata.{name}" for name in sorted(_searchable(run.policy)))],
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


def _conditions(criteria: Criteria) -> Iterable[Condition]:
    """What the index can leave out early. Missing fields are left to `decide`, which knows them."""
    yield term("status", "ACTIVE")
    if criteria.media_type:
        yield term("media_type", criteria.media_type)
    for name, value in criteria.metadata.items():
        yield one_of(f"metadata.{name}", value if isinstance(value, list) else [value])


async def _read_all(run: IconikRun, ids: Sequence[str]) -> dict[str, AssetFacts]:
    """Facts of every asset that is still there, a few at a time; the first failure ends it."""
    found: dict[str, AssetFacts] = {}

    async def read(id_: str) -> None:
        try:
            found[id_] = await read_facts(run, id_)
        except (errors.NotFound, errors.ConfigurationError):
            # Partners name ids too: one that no path can hold, such as "..", is no asset's.
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
    """How well something answers the criteria: a hit of the index, or an asset read by id."""

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
