"""Community Management: the two ids of a user, roles, and what is refused."""

import httpx
import pytest

from tgiconik.community.shapes import Json
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.state import State

from .community import COMPANY

BASE = "/TGCommunityServices/v1"
PARTNER = f"{BASE}/companies/GCPARTNER1"
USERS = f"{PARTNER}/users"
NEW = {
    "firstName": "Anna",
    "lastName": "Berg",
    "loginId": "anna@fabrikam.test",
    "loginPassword": "correct horse",
    "isConsentClause": "Yes",
    "contactInformation": {"email": "anna.berg@fabrikam.test", "phoneNumberExtention": "12"},
    "userPasswordHint": {"pwdHintQuestionAnswer1": {"question": "Pet?", "answer": "Rex"}},
}


async def create(grid: httpx.AsyncClient, **changes: Json) -> str:
    answer = await grid.post(USERS, json={**NEW, **changes})
    assert answer.status_code == 200, answer.text
    user_id: str = answer.json()["uniqueId"]
    return user_id


def refused(answer: httpx.Response, status: int) -> bool:
    fault = answer.json()["fault"]
    return answer.status_code == status and bool(fault["detail"]["errorcode"])


async def test_a_company_is_read_by_its_buid(grid: httpx.AsyncClient) -> None:
    answer = await grid.get(f"{BASE}/companies/{COMPANY}")
    assert answer.json() == {"companyId": COMPANY, "companyName": "Northwind Studios"}


@pytest.mark.parametrize("path", ["", "/partnerDirectory", "/users", "/entitlements", "/users/u"])
async def test_an_unknown_company_is_not_there(grid: httpx.AsyncClient, path: str) -> None:
    assert refused(await grid.get(f"{BASE}/companies/GC-NOBODY{path}"), 404)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Fabrikam Retail", "Contoso"]),
        ({"partnerCompanyName": "fabrikam"}, ["Fabrikam Retail"]),
        ({"partnerCompanyId": "GCPARTNER2"}, ["Contoso"]),
        ({"tradingAddress": "ZZ:CONTOSO"}, ["Contoso"]),
        ({"partnerCompanyName": "tailspin"}, []),
    ],
)
async def test_the_directory_lists_partners_and_filters_them(
    grid: httpx.AsyncClient, query: dict[str, str], names: list[str]
) -> None:
    answer = await grid.get(f"{BASE}/companies/{COMPANY}/partnerDirectory", params=query)
    assert [partner["partnerCompanyName"] for partner in answer.json()] == names


async def test_a_new_user_is_read_by_either_id_and_no_secret_comes_back(
    grid: httpx.AsyncClient,
) -> None:
    user_id = await create(grid)
    by_user_id = await grid.get(f"{USERS}/{user_id}")
    by_login_id = await grid.get(f"{USERS}/{NEW['loginId']}")
    assert by_user_id.json() == by_login_id.json()
    assert by_user_id.json()["email"] == "anna.berg@fabrikam.test"
    assert "correct horse" not in by_user_id.text
    assert "Rex" not in by_user_id.text
    assert (await grid.get(USERS)).json() == [
        {
            "userId": user_id,
            "loginId": "anna@fabrikam.test",
            "email": "anna.berg@fabrikam.test",
            "lastName": "Berg",
            "firstName": "Anna",
        }
    ]


async def test_users_are_searched_by_login_id_within_their_company(
    grid: httpx.AsyncClient,
) -> None:
    await create(grid)
    for query, count in (("ANNA", 1), ("jo@", 0)):
        assert len((await grid.get(USERS, params={"loginId": query})).json()) == count
    assert (await grid.get(f"{BASE}/companies/{COMPANY}/users")).json() == []


async def test_a_login_id_belongs_to_one_user(grid: httpx.AsyncClient) -> None:
    await create(grid)
    assert refused(await grid.post(USERS, json=NEW), 409)
    other = await grid.post(f"{BASE}/companies/{COMPANY}/users", json=NEW)
    assert refused(other, 409)


@pytest.mark.parametrize(
    "changes",
    [
        {"loginId": None},
        {"loginId": ""},
        {"loginPassword": None},
        {"isConsentClause": True},
        {"isConsentClause": "yes"},
        {"contactInformation": {"phoneNumberExtension": "12"}},
        {"userPasswordHint": {"pwdHintQuestionAnswer7": {"question": "?", "answer": "!"}}},
        {"nickname": "Anni"},
    ],
)
async def test_a_user_that_is_not_as_published_is_refused(
    grid: httpx.AsyncClient, changes: dict[str, Json]
) -> None:
    body = {name: value for name, value in {**NEW, **changes}.items() if value is not None}
    assert refused(await grid.post(USERS, json=body), 400)
    assert (await grid.get(USERS)).json() == []


async def test_of_a_user_no_more_than_login_id_and_password_is_demanded(
    grid: httpx.AsyncClient,
) -> None:
    answer = await grid.post(USERS, json={"loginId": "jo", "loginPassword": "correct horse"})
    user_id = answer.json()["uniqueId"]
    assert (await grid.get(USERS)).json() == [{"userId": user_id, "loginId": "jo"}]


async def test_an_update_changes_what_it_names_and_by_user_id_alone(
    grid: httpx.AsyncClient,
) -> None:
    user_id = await create(grid)
    change = {"lastName": "Holm", "contactInformation": {"mobile": "+49 1"}}
    assert (await grid.put(f"{USERS}/{user_id}", json=change)).status_code == 200
    user = (await grid.get(f"{USERS}/{user_id}")).json()
    assert (user["firstName"], user["lastName"]) == ("Anna", "Holm")
    assert user["contactInformation"]["mobile"] == "+49 1"
    assert user["contactInformation"]["email"] == "anna.berg@fabrikam.test"
    assert refused(await grid.put(f"{USERS}/{NEW['loginId']}", json=change), 404)
    assert refused(await grid.put(f"{USERS}/{user_id}", json={"loginId": "a@b"}), 400)
    assert refused(await grid.put(f"{USERS}/{user_id}", content=b"{"), 400)


async def test_a_deleted_user_is_gone(grid: httpx.AsyncClient) -> None:
    user_id = await create(grid)
    assert refused(await grid.delete(f"{USERS}/{NEW['loginId']}"), 404)
    assert (await grid.delete(f"{USERS}/{user_id}")).status_code == 200
    assert refused(await grid.delete(f"{USERS}/{user_id}"), 404)
    assert refused(await grid.get(f"{USERS}/{user_id}"), 404)


async def change_roles(
    grid: httpx.AsyncClient, user: str, action: str, *roles: str
) -> httpx.Response:
    body = [{"roleName": role} for role in roles]
    return await grid.put(f"{USERS}/{user}/roles", params={"action": action}, json=body)


async def test_roles_are_added_and_removed_by_login_id_alone(grid: httpx.AsyncClient) -> None:
    user_id, login_id = await create(grid), "anna@fabrikam.test"
    for action, role in (
        ("Add", "Community Viewer"),
        ("Add", "Partner Admin"),
        ("Add", "Community Viewer"),
        ("Remove", "Partner Admin"),
        ("Remove", "Partner Admin"),
    ):
        assert (await change_roles(grid, login_id, action, role)).status_code == 200
    roles = await grid.get(f"{USERS}/{login_id}/roles")
    assert roles.json() == [{"roleName": "Community Viewer"}]
    assert refused(await grid.get(f"{USERS}/{user_id}/roles"), 404)
    assert refused(await change_roles(grid, user_id, "Add", "Partner Admin"), 404)


async def test_role_names_are_a_company_s_own(grid: httpx.AsyncClient) -> None:
    await create(grid)
    names = ["TGMS Reports", "Cartographer XRFReadOnly", "Lens All custom", "Emperor"]
    assert (await change_roles(grid, "anna@fabrikam.test", "Add", *names)).status_code == 200
    roles = await grid.get(f"{USERS}/anna@fabrikam.test/roles")
    assert [one["roleName"] for one in roles.json()] == names


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
async def test_a_role_has_a_name(grid: httpx.AsyncClient, name: str) -> None:
    await create(grid)
    assert refused(await change_roles(grid, "anna@fabrikam.test", "Add", name), 400)


async def test_only_known_actions_are_taken(grid: httpx.AsyncClient) -> None:
    await create(grid)
    assert refused(await change_roles(grid, "anna@fabrikam.test", "Swap", "Partner Admin"), 400)
    bare = await grid.put(f"{USERS}/anna@fabrikam.test/roles", json=[])
    assert refused(bare, 400)


async def test_after_a_change_of_the_login_id_the_old_one_is_unknown(
    grid: httpx.AsyncClient, state: State
) -> None:
    user_id = await create(grid)
    await change_roles(grid, "anna@fabrikam.test", "Add", "Community Viewer")
    seed.change_login_id(state, user_id, "anna.holm@fabrikam.test")
    assert refused(await grid.get(f"{USERS}/anna@fabrikam.test/roles"), 404)
    roles = await grid.get(f"{USERS}/anna.holm@fabrikam.test/roles")
    assert roles.json() == [{"roleName": "Community Viewer"}]


async def test_entitlements_are_the_companys(grid: httpx.AsyncClient, state: State) -> None:
    seed.add_user(state, COMPANY, "GCPUSER1", "lee@northwind.test", roles=["Account Admin"])
    company = (await grid.get(f"{BASE}/companies/{COMPANY}/entitlements")).json()
    user = (await grid.get(f"{BASE}/users/lee@northwind.test/entitlements")).json()
    assert company == user == [{"entitlementName": "Active Community"}]
    assert refused(await grid.get(f"{BASE}/users/nobody/entitlements"), 404)
