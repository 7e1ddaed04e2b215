"""Partners ask by their article numbers: a number finds candidates, and `decide` decides."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Purpose, Recipient
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.grid.cartographer import seed as cartographer_seed
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.tradinggrid.collaboration import (
    ArticleNumber,
    Criteria,
    RequestInput,
    RequestStatus,
    RequestUpdate,
)
from tgiconik.workflows import (
    ArticleNumbers,
    Fulfillment,
    State,
    find_candidates,
    fulfill_media_request,
)
from tgiconik.workflows.tickets.gtin import (
    check_digit,
    gtin_forms,
    gtin_problem,
    is_gtin_scheme,
)

from .conftest import Clock

POLICY = world.policy()
FILM, POSTER, LOOKBOOK, SUBTITLES = (
    world.asset_id(name) for name in ("film-de", "poster-green", "lookbook", "subtitles-de")
)
ROUGH_CUT, FILM_JP = world.asset_id("film-cut"), world.asset_id("film-jp")
JACKET, PACK, TENT, UNKNOWN = "4006381333931", "4012345678901", "4099999000005", "4000000000006"
BY_ENTITY = ArticleNumbers(solution=world.SOLUTION, entity=world.ARTICLES)
BY_SKU = ArticleNumbers(
    solution=world.SOLUTION, entity=world.PARTNER_ARTICLES, key="{partner}|{value}"
)
NORDLICHT = Recipient(company_id=world.NORDLICHT, regions=("DE",), languages=("de",))


def gtins(*values: str) -> tuple[ArticleNumber, ...]:
    return tuple(ArticleNumber(scheme="GTIN", value=value) for value in values)


@pytest.fixture
def field(sandbox: Sandbox) -> ArticleNumbers:
    """The assets of the sample articles have their numbers in a metadata field."""
    iconik_seed.add_metadata_view(
        sandbox.state,
        id_=iconik_seed.fixed_id("view articles"),
        name="Articles",
        fields=[{"name": "GTIN", "field_type": "string_exact", "multi": True}],
    )
    return ArticleNumbers(field="GTIN")


async def mark(iconik: IconikClient, asset_id: str, *numbers: str) -> None:
    view = iconik_seed.fixed_id("view articles")
    await iconik.metadata.merge_values(asset_id, view, {"GTIN": list(numbers)})


async def ask(
    sandbox: Sandbox,
    *numbers: ArticleNumber,
    partner_id: str = world.NORDLICHT,
    **criteria: Any,  # noqa: ANN401 - any field
) -> str:
    async with sandbox.clients(partner_id=partner_id) as (theirs, _):
        request = await theirs.community.requests.create(
            RequestInput(
                kind="media_request",
                partner_id=partner_id,
                subject="Media for our articles",
                criteria=Criteria(article_numbers=numbers, **criteria),
            )
        )
    return request.id


async def read_by_partner(
    sandbox: Sandbox, request_id: str, partner_id: str = world.NORDLICHT
) -> tuple[str, list[str]]:
    async with sandbox.clients(partner_id=partner_id) as (theirs, _):
        request = await theirs.community.requests.get(request_id)
        comments = [one.body async for one in theirs.community.requests.comments(request_id)]
    return request.status, comments


Fulfil = Callable[..., Any]


@pytest.fixture
def fulfil(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Fulfil:
    async def run(request_id: str, **options: Any) -> Fulfillment:  # noqa: ANN401 - any argument
        given: dict[str, Any] = {"policy": POLICY, "article_numbers": BY_ENTITY, "now": clock}
        return await fulfill_media_request(grid, iconik, request_id, **given | options)

    return run


# Looked up in an entity


async def test_a_number_is_looked_up_in_the_entity_that_is_named(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    request_id = await ask(sandbox, *gtins(JACKET, TENT))

    result = await fulfil(request_id)

    assert result.status == RequestStatus.FULFILLED
    assert {outcome.asset_id for outcome in result.outcomes} == {FILM, LOOKBOOK}
    writes = len(sandbox.writes)
    again = await fulfil(request_id)
    assert (again, len(sandbox.writes)) == (result, writes)


async def test_the_same_number_of_two_partners_is_told_apart_by_the_key(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    sku = ArticleNumber(scheme="SKU", value=" SP-100 ")
    found = {}
    for partner_id in (world.NORDLICHT, world.SUMMIT):
        request_id = await ask(sandbox, sku, partner_id=partner_id)
        result = await fulfil(request_id, article_numbers=BY_SKU)
        found[partner_id] = [outcome.asset_id for outcome in result.outcomes]
    assert found == {world.NORDLICHT: [FILM], world.SUMMIT: [POSTER]}


async def test_a_partner_cannot_write_itself_into_another_partner_s_key(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    forged = ArticleNumber(scheme="SKU", value=f"../{world.SUMMIT}|SP-100")
    request_id = await ask(sandbox, forged, ArticleNumber(scheme="SKU", value=".."))

    result = await fulfil(request_id, article_numbers=BY_SKU)

    assert (result.status, result.outcomes) == (RequestStatus.DECLINED, ())


async def test_an_entity_can_name_values_of_a_metadata_field(
    sandbox: Sandbox, fulfil: Fulfil, iconik: IconikClient, field: ArticleNumbers
) -> None:
    await mark(iconik, SUBTITLES, "ART-7")
    cartographer_seed.add_entity(sandbox.state, world.SOLUTION, "Skus")
    cartographer_seed.add_entry(sandbox.state, world.SOLUTION, "Skus", "S-1", "ART-7")
    source = ArticleNumbers(solution=world.SOLUTION, entity="Skus", field=field.field)
    request_id = await ask(sandbox, ArticleNumber(scheme="SKU", value="S-1"))

    result = await fulfil(request_id, article_numbers=source)

    assert [outcome.asset_id for outcome in result.outcomes] == [SUBTITLES]


# Looked up in a metadata field


async def test_a_number_is_found_in_the_metadata_field_in_any_length(
    sandbox: Sandbox, fulfil: Fulfil, iconik: IconikClient, field: ArticleNumbers
) -> None:
    await mark(iconik, SUBTITLES, f"0{PACK}")
    request_id = await ask(sandbox, *gtins("40-1234 567890-1"))

    result = await fulfil(request_id, article_numbers=field)

    assert [outcome.asset_id for outcome in result.outcomes] == [SUBTITLES]


async def test_other_criteria_narrow_what_a_field_finds(
    sandbox: Sandbox, fulfil: Fulfil, iconik: IconikClient, field: ArticleNumbers
) -> None:
    for asset_id in (POSTER, FILM):
        await mark(iconik, asset_id, PACK)
    request_id = await ask(sandbox, *gtins(PACK), media_type="video")

    result = await fulfil(request_id, article_numbers=field)

    assert [outcome.asset_id for outcome in result.outcomes] == [FILM]


async def test_no_other_field_is_searched_for_numbers(
    sandbox: Sandbox, fulfil: Fulfil, iconik: IconikClient, field: ArticleNumbers
) -> None:
    held = ArticleNumber(scheme="SKU", value="codename-otter")
    await iconik.metadata.merge_values(
        SUBTITLES, world.RELEASE_VIEW, {"HeldVersions": [held.value]}
    )
    request_id = await ask(sandbox, held)

    result = await fulfil(request_id, article_numbers=field)

    assert result.candidates is not None
    assert (result.candidates.matched, result.status) == (0, RequestStatus.DECLINED)


async def test_numbers_are_no_way_to_probe_hidden_fields(
    sandbox: Sandbox, fulfil: Fulfil, iconik: IconikClient, field: ArticleNumbers
) -> None:
    await mark(iconik, SUBTITLES, PACK)
    await iconik.metadata.merge_values(SUBTITLES, world.RELEASE_VIEW, {"HeldVersions": ["otter"]})
    request_id = await ask(sandbox, *gtins(PACK), metadata={"HeldVersions": ["otter"]})

    result = await fulfil(request_id, article_numbers=field)

    assert result.candidates is not None
    assert (result.candidates.matched, result.status) == (0, RequestStatus.DECLINED)
    alone = await fulfil(await ask(sandbox, *gtins(PACK)), article_numbers=field)
    assert alone.candidates is not None
    assert alone.candidates.matched == 1


async def test_beside_an_asset_that_is_named_hidden_fields_find_no_number_either(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    request_id = await ask(
        sandbox, *gtins(TENT), asset_ids=(FILM,), metadata={"HeldVersions": ["otter"]}
    )

    result = await fulfil(request_id)

    assert [outcome.asset_id for outcome in result.outcomes] == [FILM]
    assert result.status == RequestStatus.PARTIALLY_FULFILLED


async def test_assets_and_articles_can_be_named_together(sandbox: Sandbox, fulfil: Fulfil) -> None:
    request_id = await ask(sandbox, *gtins(TENT, UNKNOWN), asset_ids=(FILM, ROUGH_CUT))

    result = await fulfil(request_id)

    assert {outcome.asset_id for outcome in result.outcomes} == {FILM, LOOKBOOK}
    _, [comment] = await read_by_partner(sandbox, request_id)
    assert "1 of the assets that you named cannot be released" in comment
    assert f"GTIN {UNKNOWN}" in comment


# Nothing is widened


async def test_a_number_that_is_unknown_and_one_that_is_refused_read_alike(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    entries = ((world.ARTICLES, UNKNOWN, FILM_JP),)
    for entity, key, asset_id in entries:
        cartographer_seed.add_entry(sandbox.state, world.SOLUTION, entity, key, asset_id)
    nowhere = "4000000000013"
    refused, missing = [await ask(sandbox, *gtins(number)) for number in (UNKNOWN, nowhere)]

    results = [await fulfil(request_id) for request_id in (refused, missing)]

    assert [result.candidates.matched for result in results if result.candidates] == [1, 0]
    read = [await read_by_partner(sandbox, request_id) for request_id in (refused, missing)]
    assert read[0] == read[1]
    assert read[0][0] == RequestStatus.DECLINED


async def test_beside_one_that_is_delivered_they_read_alike_too(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    cartographer_seed.add_entry(sandbox.state, world.SOLUTION, world.ARTICLES, UNKNOWN, ROUGH_CUT)
    nowhere = "4000000000013"
    texts = []
    for number in (UNKNOWN, nowhere):
        request_id = await ask(sandbox, *gtins(TENT, number))
        result = await fulfil(request_id)
        assert [outcome.asset_id for outcome in result.outcomes] == [LOOKBOOK]
        status, [comment] = await read_by_partner(sandbox, request_id)
        link = next(outcome.link for outcome in result.outcomes)
        texts.append((status, comment.replace(number, "N").replace(link, "link")))
    assert texts[0] == texts[1]
    assert texts[0][0] == RequestStatus.PARTIALLY_FULFILLED
    assert "GTIN N" in texts[0][1]


async def test_assets_of_a_number_that_are_refused_are_no_partner_s_business(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    # Of the tent there is a lookbook, which goes out, and a rough cut, which does not.
    request_id = await ask(sandbox, *gtins(TENT))

    result = await fulfil(request_id)

    assert result.status == RequestStatus.FULFILLED
    assert [outcome.state for outcome in result.outcomes] == [State.DELIVERED]
    _, [comment] = await read_by_partner(sandbox, request_id)
    assert "rough" not in comment
    assert "cannot be released" not in comment


# Wrong numbers


async def test_a_wrong_check_digit_is_answered_clearly_and_not_looked_up(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    wrong = "4006381333930"
    cartographer_seed.add_entry(sandbox.state, world.SOLUTION, world.ARTICLES, wrong, FILM)
    request_id = await ask(sandbox, *gtins(wrong))

    result = await fulfil(request_id)

    status, [comment] = await read_by_partner(sandbox, request_id)
    assert status == result.status == RequestStatus.NEEDS_INFORMATION
    assert f"GTIN {wrong}: its check digit is wrong" in comment
    writes = len(sandbox.writes)
    assert await fulfil(request_id) == result
    assert len(sandbox.writes) == writes


async def test_a_corrected_number_is_answered(sandbox: Sandbox, fulfil: Fulfil) -> None:
    request_id = await ask(sandbox, *gtins("4006381333930"))
    await fulfil(request_id)
    async with sandbox.clients(partner_id=world.NORDLICHT) as (theirs, _):
        there = await theirs.community.requests.get(request_id)
        update = RequestUpdate(criteria=Criteria(article_numbers=gtins(JACKET)))
        await theirs.community.requests.update(request_id, update, if_match=there.etag)

    result = await fulfil(request_id)

    assert result.status == RequestStatus.FULFILLED
    assert [outcome.asset_id for outcome in result.outcomes] == [FILM]


async def test_a_wrong_number_does_not_keep_right_ones_back(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    request_id = await ask(sandbox, *gtins(JACKET, "123"))

    result = await fulfil(request_id)

    assert result.status == RequestStatus.PARTIALLY_FULFILLED
    _, [comment] = await read_by_partner(sandbox, request_id)
    assert "GTIN 123: a GTIN has 8, 12, 13 or 14 digits, not 3" in comment


async def test_what_is_said_of_a_wrong_number_says_nothing_of_the_others(
    sandbox: Sandbox, fulfil: Fulfil
) -> None:
    cartographer_seed.add_entry(sandbox.state, world.SOLUTION, world.ARTICLES, UNKNOWN, ROUGH_CUT)
    read = []
    for number in (UNKNOWN, "4000000000013"):
        request_id = await ask(sandbox, *gtins("123", number))
        await fulfil(request_id)
        read.append(await read_by_partner(sandbox, request_id))
    assert read[0] == read[1]


# Missing configuration


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (None, "article_numbers=ArticleNumbers"),
        (ArticleNumbers(field="Nowhere"), "no metadata field Nowhere"),
        (ArticleNumbers(field="LicenceEnd"), "LicenceEnd is date"),
        (ArticleNumbers(solution=world.SOLUTION, entity="Nothing"), "no entity Nothing"),
        (ArticleNumbers(solution="OTHER", entity=world.ARTICLES), "solution OTHER"),
    ],
)
async def test_nobody_is_told_no_because_of_our_configuration(
    sandbox: Sandbox, fulfil: Fulfil, source: ArticleNumbers | None, says: str
) -> None:
    request_id = await ask(sandbox, *gtins(JACKET))
    del sandbox.writes[:]

    with pytest.raises(errors.ConfigurationError, match=says):
        await fulfil(request_id, article_numbers=source)

    assert sandbox.writes == []


async def test_a_request_without_numbers_needs_no_source(fulfil: Fulfil) -> None:
    result = await fulfil("REQ-1042", article_numbers=ArticleNumbers(field="Nowhere"))
    assert result.status == RequestStatus.FULFILLED


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "field, an entity or both"),
        ({"solution": "S"}, "field, an entity or both"),
        ({"entity": "E"}, "together"),
        ({"field": "F", "solution": "S"}, "together"),
        ({"field": " "}, "field must not be blank"),
        ({"field": "F", "key": "x"}, "must have"),
        ({"field": "F", "key": "{value}{}"}, "no more than"),
        ({"field": "F", "key": "{value}{0}"}, "no more than"),
        ({"field": "F", "key": "{value.__class__}"}, "must have"),
        ({"field": "F", "key": "{value}{partner[0]}"}, "no more than"),
        ({"field": "F", "key": "{value!r}"}, "must have"),
        ({"field": "F", "key": "{value:>9}"}, "must have"),
        ({"field": "F", "key": "{value"}, "key"),
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=says):
        ArticleNumbers(**arguments)


# Found without a request


async def test_candidates_are_found_by_number_without_a_request(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    found = await find_candidates(
        iconik,
        Criteria(article_numbers=gtins(JACKET, TENT, UNKNOWN, "1")),
        policy=POLICY,
        recipient=NORDLICHT,
        purpose=Purpose(usage="in-store", download=True),
        article_numbers=BY_ENTITY,
        grid=grid,
    )
    assert [len(article.asset_ids) for article in found.articles] == [1, 2, 0, 0]
    assert [article.problem is None for article in found.articles] == [True, True, True, False]
    assert found.matched == len(found.judged) == 3
    assert sandbox.writes == []


async def test_an_entity_needs_the_trading_grid_client(iconik: IconikClient) -> None:
    with pytest.raises(errors.ConfigurationError, match="grid="):
        await find_candidates(
            iconik,
            Criteria(article_numbers=gtins(JACKET)),
            policy=POLICY,
            recipient=NORDLICHT,
            purpose=Purpose(),
            article_numbers=BY_ENTITY,
        )


async def test_no_more_numbers_and_assets_are_looked_at_than_is_said(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox
) -> None:
    numbers = [f"40{number:010d}" for number in range(50)]
    before = sandbox.calls.grid.reads
    found = await find_candidates(
        iconik,
        Criteria(article_numbers=gtins(TENT, JACKET, *(n + check_digit(n) for n in numbers))),
        policy=POLICY,
        recipient=NORDLICHT,
        purpose=Purpose(),
        article_numbers=BY_ENTITY,
        grid=grid,
        consider=2,
    )
    # One read of the entity, and two numbers.
    assert sandbox.calls.grid.reads - before <= 1 + 2
    # First one asset of each number, then a second one.
    assert {c.facts.asset_id for c in found.judged} == {FILM, LOOKBOOK}
    assert (found.matched, found.complete) == (3, False)


async def test_numbers_that_were_not_looked_up_are_said_to_be_missing(
    grid: TradingGridClient, iconik: IconikClient
) -> None:
    found = await find_candidates(
        iconik,
        Criteria(article_numbers=gtins(JACKET, PACK)),
        policy=POLICY,
        recipient=NORDLICHT,
        purpose=Purpose(),
        article_numbers=BY_ENTITY,
        grid=grid,
        consider=1,
    )
    assert (found.matched, found.complete) == (1, False)


# GTINs


@given(
    st.sampled_from([7, 11, 12, 13]).flatmap(
        lambda n: st.text("0123456789", min_size=n, max_size=n)
    )
)
def test_each_gtin_has_one_right_check_digit(digits: str) -> None:
    right = check_digit(digits)
    for last in "0123456789":
        assert (gtin_problem(digits + last) is None) == (last == right)


@given(
    st.sampled_from([7, 11, 12, 13]).flatmap(
        lambda n: st.text("0123456789", min_size=n, max_size=n)
    ),
    st.data(),
)
def test_one_wrong_digit_is_always_noticed(digits: str, data: st.DataObject) -> None:
    number = digits + check_digit(digits)
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != number[place]))
    assert gtin_problem(number[:place] + other + number[place + 1 :]) is not None


@given(st.text("0123456789", min_size=12, max_size=12))
def test_all_forms_of_a_gtin_are_the_same_number(digits: str) -> None:
    number = digits + check_digit(digits)
    forms = gtin_forms(number)
    assert forms[0] == number
    assert {form.zfill(14) for form in forms} == {number.zfill(14)}
    assert all(gtin_problem(form) is None for form in forms)
    assert all(set(gtin_forms(form)) == set(forms) for form in forms)


@pytest.mark.parametrize("text", ["", "abc", "४००६३८१३३३९३१", "4006381333931x", "²" * 13, "1" * 9])
def test_what_is_no_gtin_is_said(text: str) -> None:
    assert gtin_problem(text)


@pytest.mark.parametrize(
    ("scheme", "is_one"),
    [
        ("GTIN", True),
        ("gtin-13", True),
        (" EAN ", True),
        ("EAN-13", True),
        ("UPC-A", True),
        ("SKU", False),
        ("", False),
        ("EANX", False),
    ],
)
def test_schemes_of_gtins_are_known_by_their_names(scheme: str, is_one: bool) -> None:  # noqa: FBT001 - pytest's
    assert is_gtin_scheme(scheme) is is_one
