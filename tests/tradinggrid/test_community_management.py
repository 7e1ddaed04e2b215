"""Every published call of Community Management, exactly, and the rule of the two ids."""

import inspect
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import attrs
import httpx
import pytest
from pytest_httpx import HTTPXMock

from tgiconik import errors
from tgiconik._http import Pages
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.community_management import (
    Address,
    ContactInformation,
    Entitlement,
    LoginId,
    QuestionAndAnswer,
    Role,
    RoleName,
    User,
    UserCreate,
    UserId,
    UserUpdate,
)

from .conftest import COMPANY, URL

FACTS = Path(__file__).parents[2] / "codegen/facts/tradinggrid/community-management.json"
USER_ID = UserId("GCP6U3F660I61")
LOGIN_ID = LoginId("valid+user@somewhere.com")
USER = User(userId=USER_ID, loginId=LOGIN_ID)
ADDRESS = Address(
    addressLine1="1313 Mockingbird Lane",
    addressLine2="",
    city="Hollywood",
    state="CA",
    postalCode="11111",
    countryCode="US",
)
CONTACT = ContactInformation(
    email="somebody@somewhere.com",
    faxNumber="",
    mobile="",
    phoneNumber="5551212",
    phoneNumberExtention="",
)
NEW = UserCreate(
    firstName="Herman",
    lastName="Munster",
    loginId=LOGIN_ID,
    loginPassword="o0ZCWAJ9",
    contactInformation=CONTACT,
    isConsentClause=False,
    isRequiredOpenTextMarketingMaterials=False,
    isDayLightSavingsTimeObserved=True,
    address=ADDRESS,
    preferredDateFormat="MM/dd/yy",
    preferredLanguage="en",
    preferredTimezone="America/New_York",
    userPasswordHint=[
        QuestionAndAnswer(f"Question {number}?", f"answer {number}") for number in range(1, 7)
    ],
)
NEW_BODY = {
    "address": {
        "addressLine1": "1313 Mockingbird Lane",
        "addressLine2": "",
        "city": "Hollywood",
        "countryCode": "US",
        "postalCode": "11111",
        "state": "CA",
    },
    "contactInformation": {
        "email": "somebody@somewhere.com",
        "faxNumber": "",
        "mobile": "",
        "phoneNumber": "5551212",
        "phoneNumberExtention": "",
    },
    "firstName": "Herman",
    "isConsentClause": "No",
    "isDayLightSavingsTimeObserved": "Yes",
    "isRequiredOpenTextMarketingMaterials": "No",
    "lastName": "Munster",
    "loginId": LOGIN_ID,
    "loginPassword": "o0ZCWAJ9",
    "preferredDateFormat": "MM/dd/yy",
    "preferredLanguage": "en",
    "preferredTimezone": "America/New_York",
    "type": "Web",
    "userPasswordHint": {
        f"pwdHintQuestionAnswer{number}": {
            "question": f"Question {number}?",
            "answer": f"answer {number}",
        }
        for number in range(1, 7)
    },
}

Call = Callable[[TradingGridClient], Awaitable[object] | Pages[Any]]

#: operationId → (call, path parameters, query, body)
CALLS: dict[str, tuple[Call, dict[str, str], dict[str, str], object]] = {
    "getCompany": (lambda grid: grid.companies.get(), {}, {}, None),
    "listPartners": (
        lambda grid: grid.partners.list(name="Verona & Vittles"),
        {},
        {"partnerCompanyName": "Verona & Vittles"},
        None,
    ),
    "listUsers": (
        lambda grid: grid.users.list(login_id=LOGIN_ID),
        {},
        {"loginId": LOGIN_ID},
        None,
    ),
    "createUser": (lambda grid: grid.users.create(NEW), {}, {}, NEW_BODY),
    "getUser": (lambda grid: grid.users.get(USER_ID), {"userId": USER_ID}, {}, None),
    "updateUser": (
        lambda grid: grid.users.update(
            USER_ID, UserUpdate(address=Address(city="Latham", state="NY"), firstName="Lily")
        ),
        {"userId": USER_ID},
        {},
        {"address": {"city": "Latham", "state": "NY"}, "firstName": "Lily"},
    ),
    "deleteUser": (lambda grid: grid.users.delete(USER_ID), {"userId": USER_ID}, {}, None),
    "listUserRoles": (lambda grid: grid.users.roles(LOGIN_ID), {"loginId": LOGIN_ID}, {}, None),
    "updateUserRoles": (
        lambda grid: grid.users.add_roles(LOGIN_ID, [RoleName.TGMS_REPORTS, "Lens All custom"]),
        {"loginId": LOGIN_ID},
        {"action": "Add"},
        [{"roleName": "TGMS Reports"}, {"roleName": "Lens All custom"}],
    ),
    "listCompanyEntitlements": (lambda grid: grid.entitlements.of_company(), {}, {}, None),
    "listUserEntitlements": (
        lambda grid: grid.entitlements.of_user(LOGIN_ID),
        {"loginId": LOGIN_ID},
        {},
        None,
    ),
}


def published() -> dict[str, tuple[str, str]]:
    """operationId → (method, path) of every call but the token's, which test_auth holds."""
    paths: dict[str, dict[str, Any]] = json.loads(FACTS.read_text(encoding="utf-8"))["paths"]
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in paths.items()
        for method, operation in item.items()
        if operation["operationId"] != "createToken"
    }


PUBLISHED = published()


async def done(call: Awaitable[object] | Pages[Any]) -> object:
    return await call.first(10) if isinstance(call, Pages) else await call


def test_every_published_call_is_here() -> None:
    assert set(CALLS) == set(PUBLISHED)


@pytest.mark.parametrize("operation_id", PUBLISHED)
async def test_a_call_is_sent_exactly_as_published(
    operation_id: str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    call, ids, query, body = CALLS[operation_id]
    lists = operation_id.startswith("list")
    httpx_mock.add_response(json=[] if lists else {"uniqueId": "GCP-NEW"})

    await done(call(grid))

    sent = httpx_mock.get_requests()[-1]
    method, template = PUBLISHED[operation_id]
    ids = {name: quote(value, safe="") for name, value in {"companyId": COMPANY, **ids}.items()}
    path, _, query_sent = sent.url.raw_path.decode().partition("?")
    assert (sent.method, path) == (method, template.format(**ids))
    assert dict(parse_qsl(query_sent)) == query
    assert (json.loads(sent.content) if sent.content else None) == body
    assert sent.headers["Authorization"] == "Bearer t-1"


async def test_the_directory_takes_the_other_published_filters(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=[])
    await grid.partners.list(company_id="GC1", trading_address="ZZ:DEMO").first(1)
    query = dict(httpx_mock.get_requests()[-1].url.params)
    assert query == {"partnerCompanyId": "GC1", "tradingAddress": "ZZ:DEMO"}


async def test_roles_are_taken_away_with_the_published_action(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json={})
    await grid.users.remove_roles(USER, [RoleName.COMMUNITY_VIEWER])
    sent = httpx_mock.get_requests()[-1]
    assert sent.url.params["action"] == "Remove"
    assert json.loads(sent.content) == [{"roleName": "Community Viewer"}]


async def test_a_new_users_id_is_the_answer(grid: TradingGridClient, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json={"uniqueId": "GCP-NEW", "status": "made"})
    created = await grid.users.create(NEW)
    assert created == "GCP-NEW"
    assert isinstance(created, UserId)


async def test_a_new_user_without_an_id_is_unreadable(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json={"message": "accepted"})
    with pytest.raises(errors.UnreadableResponse, match="uniqueId"):
        await grid.users.create(NEW)


async def test_making_a_user_is_not_repeated_when_the_answer_is_lost(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_exception(httpx.ReadError("connection reset"))
    with pytest.raises(errors.ConnectionFailed):
        await grid.users.create(NEW)
    assert len(httpx_mock.get_requests()) == 2


def test_password_and_hints_are_in_no_repr() -> None:
    assert "o0ZCWAJ9" not in repr(NEW)
    assert "answer 1" not in repr(NEW)
    assert "answer 1" not in repr(NEW.userPasswordHint)


def test_password_and_consents_have_no_default() -> None:
    wanted = inspect.signature(UserCreate).parameters
    for name in (
        "loginPassword",
        "isConsentClause",
        "isRequiredOpenTextMarketingMaterials",
        "isDayLightSavingsTimeObserved",
    ):
        assert wanted[name].default is inspect.Parameter.empty


@pytest.mark.parametrize(
    ("field", "value"),
    [("userPasswordHint", [QuestionAndAnswer("q", "a")] * 7), ("loginPassword", "")],
)
def test_a_user_that_cannot_be_made_is_refused_early(field: str, value: Any) -> None:  # noqa: ANN401 - one of two types
    with pytest.raises(errors.ConfigurationError, match=field):
        attrs.evolve(NEW, **{field: value})


@pytest.mark.parametrize("wrong", [USER_ID, str(LOGIN_ID), User(userId=USER_ID), None])
async def test_roles_and_entitlements_take_a_login_id_or_a_user_with_one(wrong: Any) -> None:  # noqa: ANN401 - what the types forbid
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        with pytest.raises(errors.ConfigurationError, match="LoginId"):
            await grid.users.roles(wrong)
        with pytest.raises(errors.ConfigurationError, match="LoginId"):
            await grid.users.add_roles(wrong, ["Role"])
        with pytest.raises(errors.ConfigurationError, match="LoginId"):
            grid.entitlements.of_user(wrong)
        with pytest.raises(errors.ConfigurationError, match="LoginId"):
            await grid.users.find(wrong)


@pytest.mark.parametrize("wrong", [LOGIN_ID, str(USER_ID), User(loginId=LOGIN_ID), None])
async def test_changes_of_a_user_take_a_user_id_or_a_user_with_one(wrong: Any) -> None:  # noqa: ANN401 - what the types forbid
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        with pytest.raises(errors.ConfigurationError, match="UserId"):
            await grid.users.update(wrong, UserUpdate(firstName="x"))
        with pytest.raises(errors.ConfigurationError, match="UserId"):
            await grid.users.delete(wrong)
        with pytest.raises(errors.ConfigurationError, match="UserId"):
            await grid.users.set_roles(wrong, [])


@pytest.mark.parametrize(
    ("user", "id_"),
    [
        (USER_ID, USER_ID),
        (LOGIN_ID, LOGIN_ID),
        (USER, USER_ID),
        (User(loginId=LOGIN_ID), LOGIN_ID),
    ],
)
async def test_details_are_read_by_either_id(
    user: UserId | LoginId | User, id_: str, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json={"userId": "GCP", "loginId": 7, "lastName": None, "title": "Dr"})
    found = await grid.users.get(user)
    sent = httpx_mock.get_requests()[-1].url.raw_path.decode()
    assert sent.endswith(f"/users/{quote(id_, safe='')}")
    assert found == User(userId=UserId("GCP"), loginId=LoginId("7"), extra={"title": "Dr"})


async def test_plain_text_is_no_id() -> None:
    async with TradingGridClient(URL, "key", "s3cret", COMPANY) as grid:
        plain: Any = "somebody"
        with pytest.raises(errors.ConfigurationError, match="not 'somebody'"):
            await grid.users.get(plain)


async def test_find_wants_exactly_this_login_id(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    listed = [{"userId": "1", "loginId": f"x{LOGIN_ID}"}, {"userId": "2", "loginId": LOGIN_ID}]
    httpx_mock.add_response(json={"users": listed})
    found = await grid.users.find(LOGIN_ID)
    assert found is not None
    assert found.userId == "2"


async def test_find_without_a_hit_is_none(grid: TradingGridClient, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=[{"userId": "1", "loginId": f"x{LOGIN_ID}"}])
    assert await grid.users.find(LOGIN_ID) is None


@pytest.mark.parametrize("body", [[], {}, None, {"users": []}, {"count": 0, "users": []}])
async def test_an_empty_list_comes_in_many_shapes(
    body: object, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=body)
    assert await grid.users.list().first(10) == []


@pytest.mark.parametrize(
    "body", ["text", 7, {"message": "no list"}, {"users": [], "more": []}, [7], {"users": ["x"]}]
)
async def test_an_answer_without_one_list_of_objects_is_unreadable(
    body: object, grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(errors.UnreadableResponse):
        await grid.users.list().first(10)


async def test_the_whole_answer_around_a_list_is_kept(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    body = {"partners": [{"companyId": "GC1", "partnerCompanyName": "P", "city": "Verona"}], "n": 1}
    httpx_mock.add_response(json=body)
    (page,) = [page async for page in grid.partners.list().pages()]
    (partner,) = page.items
    assert (partner.company_id, partner.partnerCompanyName) == ("GC1", "P")
    assert partner.extra == {"city": "Verona"}
    assert page.envelope == body


async def test_entitlements_keep_all_that_nobody_published(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=[{"service": "Lens"}])
    assert await grid.entitlements.of_company().first(2) == [Entitlement(extra={"service": "Lens"})]


async def test_users_of_another_company_are_asked_for_by_its_name(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(url=f"{URL}/TGCommunityServices/v1/companies/GC-P/users", json=[])
    assert await grid.users.in_company("GC-P").list().first(1) == []


class Roles:
    """A company with one user, who has just changed the loginId."""

    def __init__(self, *has: str, listed: bool = True) -> None:
        self.has = list(has)
        self.listed = listed
        self.sent: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("/users")[2]
        self.sent.append((request.method, path))
        user = {"userId": USER_ID, "loginId": "new@x.test"}
        if not path:
            return httpx.Response(200, json=[user] if self.listed else [])
        if path == f"/{USER_ID}":
            return httpx.Response(404)
        assert path.startswith("/new%40x.test/roles")
        if request.method == "PUT":
            names = [role["roleName"] for role in json.loads(request.content)]
            kept = [name for name in self.has if name not in names]
            self.has = kept if request.url.params["action"] == "Remove" else kept + names
        return httpx.Response(200, json=[{"roleName": name} for name in self.has])


async def test_setting_roles_goes_by_the_login_id_of_now_and_changes_what_differs(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    company = Roles("Keep", "Drop")
    httpx_mock.add_callback(company, is_reusable=True)

    change = await grid.users.set_roles(USER, ["Keep", "New", "New"])

    assert (change.added, change.removed) == (("New",), ("Drop",))
    assert change.user.loginId == "new@x.test"
    assert company.has == ["Keep", "New"]


async def test_setting_roles_again_writes_nothing(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    company = Roles("A", "B")
    httpx_mock.add_callback(company, is_reusable=True)
    change = await grid.users.set_roles(USER_ID, ["B", "A"])
    assert (change.added, change.removed) == ((), ())
    assert {method for method, _ in company.sent} == {"GET"}


async def test_setting_roles_of_somebody_who_left_is_not_found(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_callback(Roles(listed=False), is_reusable=True)
    with pytest.raises(errors.NotFound):
        await grid.users.set_roles(USER_ID, ["A"])


async def test_roles_are_read_with_what_else_they_say(
    grid: TradingGridClient, httpx_mock: HTTPXMock
) -> None:
    httpx_mock.add_response(json=[{"roleName": "Partner Admin", "scope": "all"}])
    (role,) = await grid.users.roles(LOGIN_ID)
    assert role == Role(roleName=RoleName.PARTNER_ADMIN, extra={"scope": "all"})


def test_the_bodies_of_the_calls_fit_the_published_schemas() -> None:
    schemas = json.loads(FACTS.read_text(encoding="utf-8"))["components"]["schemas"]
    assert set(NEW_BODY) == set(schemas["UserCreate"]["properties"])
    hints = schemas["UserCreate"]["properties"]["userPasswordHint"]["properties"]
    assert set(NEW_BODY["userPasswordHint"]) == set(hints)
