"""What cannot be meant is refused where it is given, in one sentence, and nothing is sent."""

import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
import pytest

from tgiconik import IconikClient, errors
from tgiconik.iconik import search as conditions
from tgiconik.iconik import services
from tgiconik.iconik._service import Service
from tgiconik.iconik.models.assets import Asset, AssetInput
from tgiconik.iconik.models.search import SearchCriteriaInput
from tgiconik.iconik.search import between, term

#: The generated modules, one for each service.
MODULES = [
    import_module(f"{services.__name__}.{found.name}")
    for found in pkgutil.iter_modules(services.__path__)
]
NAIVE = datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001 - that it has no zone is the point
REFUSED = errors.ConfigurationError


@pytest.fixture
def sent() -> list[httpx.Request]:
    return []


@pytest.fixture
def iconik(sent: list[httpx.Request]) -> IconikClient:
    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    return IconikClient(
        "https://iconik.test", "app", "token", transport=httpx.MockTransport(answer)
    )


@pytest.fixture(autouse=True)
def nothing_is_sent(sent: list[httpx.Request]) -> Iterator[None]:
    yield
    assert not sent


def operations() -> Iterator[tuple[Any, str, list[str], dict[str, Any]]]:
    """Every generated operation: service, method, ids, and what else must be given."""
    for module in MODULES:
        for service in vars(module).values():
            if not (inspect.isclass(service) and service.__module__ == module.__name__):
                continue
            for name, method in vars(service).items():
                if name.startswith("_"):
                    continue
                parameters = list(inspect.signature(method).parameters.values())[1:]
                ids = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
                required: dict[str, Any] = {
                    one.name: b"" if one.name == "content" else {} if one.name == "body" else "x"
                    for one in parameters
                    if one.kind is one.KEYWORD_ONLY and one.default is one.empty
                }
                yield service, name, ids, required


async def call(
    iconik: IconikClient,
    service: type[Service],
    operation: str,
    ids: list[Any],
    options: dict[str, Any],
) -> None:
    made = getattr(service(iconik._session), operation)(*ids, **options)
    if inspect.isawaitable(made):
        await made


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (None, "was it read from something that has none"),
        (Asset(id="a"), "give the Asset's .id"),
        (uuid4(), r"not UUID; str\(…\) makes it text"),
        (7, "not int"),
        (b"a", "not bytes"),
        (["a"], "not list"),
    ],
)
async def test_an_id_of_another_type_is_refused_by_every_operation(
    wrong: object, says: str, iconik: IconikClient
) -> None:
    tried = 0
    for service, name, ids, required in operations():
        for place in range(len(ids)):
            given: list[object] = ["id"] * len(ids)
            given[place] = wrong
            with pytest.raises(REFUSED, match=says):
                await call(iconik, service, name, given, required)
            tried += 1
    assert tried > 1_000


async def test_a_list_is_refused_where_it_is_asked_for(iconik: IconikClient) -> None:
    with pytest.raises(REFUSED, match="an id must be text"):
        iconik.assets.list_asset_history(None)  # type: ignore[arg-type]
    with pytest.raises(REFUSED, match="needs a time zone"):
        iconik.search.assets(where=[between("date_created", start=NAIVE)])


async def test_a_body_that_is_no_body_is_refused_by_every_operation(iconik: IconikClient) -> None:
    tried = 0
    for service, name, ids, required in operations():
        parameters = inspect.signature(getattr(service, name)).parameters
        if "body" not in parameters or not str(parameters["body"].annotation).startswith("m."):
            continue
        for body, says in (("text", "body must be a"), ({"Regionz": []}, "no field 'Regionz'")):
            with pytest.raises(REFUSED, match=says):
                await call(iconik, service, name, ["id"] * len(ids), {**required, "body": body})
        tried += 1
    assert tried > 400


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"titel": "x"}, "AssetInput has no field 'titel'; did you mean title"),
        ({"title": "x", "Status": "ACTIVE"}, "no field 'Status'; did you mean status"),
        ({"Regions": ["DE"]}, "no field 'Regions'; there are "),
        ({1: "x"}, "no field 1"),
        ({"title": uuid4()}, "body.title must be text, not UUID"),
        ({"title": 7}, "body.title must be text, not int"),
        ({"is_online": "false"}, "body.is_online must be True or False, not str"),
        ({"time_start_milliseconds": "7"}, "must be a whole number, not str"),
        ({"time_start_milliseconds": Decimal(7)}, "must be a whole number, not Decimal"),
        ({"time_start_milliseconds": np.int64(7)}, "must be a whole number, not int64"),
        ({"versions": {"id": "v"}}, "body.versions must be a list, not dict; put it into a list"),
        ({"versions": [{"titel": 1}]}, r"body.versions\[0\]: .* has no field 'titel'"),
        ({"date_created": NAIVE}, "body.date_created needs a time zone.*datetime.now.UTC"),
        ({"custom": {"x": {1, 2}}, "title": "x"}, "body.custom.x cannot be sent as JSON.*a set"),
        ({"custom": UUID(int=1), "title": "x"}, "body.custom cannot be sent as JSON.*a UUID"),
        ({"custom": [Decimal(1)], "title": "x"}, r"body.custom\[0\] cannot be .* a Decimal"),
        ({"custom": {1: 2}, "title": "x"}, "names in JSON are text, not int"),
        ({"custom": np.bool_(1), "title": "x"}, "body.custom cannot be sent as JSON"),
        (["title"], "body must be a AssetInput or a mapping, not list"),
    ],
)
async def test_wrong_names_and_values_of_a_body(
    body: Any,  # noqa: ANN401 - anything
    says: str,
    iconik: IconikClient,
) -> None:
    with pytest.raises(REFUSED, match=says):
        await iconik.assets.update_asset("id", body=body)


async def test_models_are_held_to_the_same(iconik: IconikClient) -> None:
    with pytest.raises(REFUSED, match="AssetInput has no field titel; did you mean title"):
        AssetInput(titel="x")  # type: ignore[call-arg]
    body = AssetInput(title="x")
    body.titel = "y"  # type: ignore[attr-defined]
    with pytest.raises(REFUSED, match="AssetInput has no field 'titel'"):
        await iconik.assets.update_asset("id", body=body)
    with pytest.raises(REFUSED, match=r"doc_types must be a list, not str; put it into a"):
        iconik.search.search(body=SearchCriteriaInput(doc_types="assets"))  # type: ignore[arg-type]


def test_an_error_shows_no_value_of_a_body() -> None:
    with pytest.raises(REFUSED) as refused:
        AssetInput(passwort="hunter2")  # type: ignore[call-arg]
    assert "hunter2" not in str(refused.value)


async def test_undocumented_fields_pass_beside_documented_ones(
    iconik: IconikClient, sent: list[httpx.Request]
) -> None:
    body: dict[str, Any] = {"title": "x", "brand_new": 1}
    await iconik.assets.update_asset("id", body=body)

    assert sent.pop().content == b'{"title":"x","brand_new":1}'


Search = Callable[[Any], object]
#: Its functions are given what their types forbid.
search_by: Any = conditions
ONE = term("media_type", "video")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (lambda i: i.search.assets(sort="-title"), "sort: '-title' must be a list of texts; write"),
        (lambda i: i.search.assets(facets="type"), "facets: 'type' must be a list"),
        (lambda i: i.search.assets(include_fields="id"), "include_fields: 'id' must be a list"),
        (lambda i: i.search.assets(sort=[7]), "sort: 7 is not one of a list of texts"),
        (lambda i: i.search.assets(sort=None), "sort: None must be a list"),
        (lambda i: i.search.documents("assets"), "doc_types: 'assets' must be a list"),
        (lambda i: i.search.assets(where=ONE), "where: .* must be a list of conditions; write"),
        (lambda i: i.search.assets(where=["x"]), "where: 'x' is not one of a list of conditions"),
        (lambda i: i.search.assets(where={"a": 1}), "where: .* must be a list of conditions"),
        (lambda _: search_by.all_of([ONE]), "given one by one"),
        (lambda _: search_by.any_of([ONE]), "given one by one"),
        (lambda _: search_by.none_of("x"), "'x' is no condition"),
        (lambda _: search_by.nested("files", [ONE]), "given one by one"),
        (lambda _: search_by.one_of("media_type", "video"), "takes several values"),
        (lambda _: search_by.one_of("media_type", 7), "takes several values"),
        (lambda _: search_by.one_of("media_type", None), "takes several values"),
        (lambda _: search_by.between("media_type", ["video"]), "cannot be compared with a field"),
        (lambda _: search_by.term("media_type", ["video"]), "cannot be compared with a field"),
        (lambda _: search_by.term("date_created", NAIVE), "needs a time zone"),
        (lambda _: search_by.between("date_created", end=NAIVE), "needs a time zone"),
        (lambda _: search_by.one_of("date_created", [NAIVE]), "needs a time zone"),
    ],
)
def test_one_where_several_are_wanted(asked: Search, says: str, iconik: IconikClient) -> None:
    with pytest.raises(REFUSED, match=says):
        asked(iconik)


async def test_a_date_has_no_zone_to_lack(iconik: IconikClient) -> None:
    iconik.search.assets(where=[term("date_created", date(2026, 3, 29))])


Call = Callable[[Any], Awaitable[object]]


def create_link(iconik: IconikClient) -> Awaitable[object]:
    return iconik.assets.create_link(
        "a", key="k", title="t", expires=NAIVE + timedelta(hours=12), allow_download=False
    )


def share_by_email(iconik: IconikClient, **given: Any) -> Awaitable[object]:  # noqa: ANN401
    usual: dict[str, Any] = {"emails": ["a@b.c"], "expires": NAIVE, "key": "k", "title": "t"}
    return iconik.assets.share_by_email("a", **usual | given, allow_download=False)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (create_link, "needs a time zone"),
        (share_by_email, "needs a time zone"),
        (lambda i: share_by_email(i, emails="a@b.c"), "emails: 'a@b.c' must be a list"),
        (lambda i: i.assets.request_approval("a", "v", users="u"), "users: 'u' must be a list"),
        (lambda i: i.assets.request_approval("a", "v", groups="g"), "groups: 'g' must be a list"),
        (lambda i: i.metadata.set_value("a", "v", "D", NAIVE), "needs a time zone"),
        (lambda i: i.metadata.merge_values("a", "v", {"D": [NAIVE]}), "needs a time zone"),
        (lambda i: i.metadata.merge_values("a", "v", {"D": uuid4()}), "field D: UUID.* is none of"),
        (lambda i: i.metadata.merge_values("a", "v", {"D": {"DE"}}), "field D: .* is none of"),
        (lambda i: i.metadata.merge_values("a", "v", {"D": {"x": 1}}), "field D: .* is none of"),
        (lambda i: i.metadata.merge_values("a", "v", {"D": [np.int64(1)]}), "field D: .* is none"),
        (lambda i: i.metadata.merge_values("a", "v", {"D": [Decimal(1)]}), "field D: .* is none"),
        (lambda i: i.metadata.merge_values("a", "v", ["D"]), "fields must be a mapping"),
        (lambda i: i.metadata.add_value("a", "v", "D", [1]), "field D: .* is none of"),
        (lambda i: i.metadata.values(None, "v"), "an id must be text"),
        (lambda i: i.transfer.upload("x", metadata={"D": ["DE"]}), "id of a metadata view; write"),
        (lambda i: i.transfer.upload("x", metadata={"v": {"D": {1}}}), "field D: .* is none of"),
        (lambda i: i.transfer.upload("x", metadata=["D"]), "metadata must be a mapping"),
        (lambda i: i.transfer.download_many("a", "folder"), "asset_ids: 'a' must be a list"),
        (lambda i: i.transfer.wait_until_ready("a", "v", jobs="j"), "jobs: 'j' must be a list"),
        (lambda i: i.request("GET", "/API/x/", query={"a": NAIVE}), "a needs a time zone"),
        (lambda i: i.request("GET", "/API/x/", query={"a": {1}}), "a must be text.* not set"),
        (lambda i: i.request("GET", "/API/x/", query={"a": uuid4()}), "a must be .* not UUID"),
        (lambda i: i.request("GET", "/API/x/", query={"a": [None]}), "a must be .* not NoneType"),
        (lambda i: i.request("POST", "/API/x/", json={"a": uuid4()}), "body.a cannot be sent"),
        (lambda i: i.request("POST", "/API/x/", json={"a": NAIVE}), "body.a cannot be sent"),
    ],
)
async def test_by_hand_written_methods_too(asked: Call, says: str, iconik: IconikClient) -> None:
    with pytest.raises(REFUSED, match=says):
        await asked(iconik)
