"""The project's own client against the sandbox: both read the same contract."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tgiconik import errors
from tgiconik._http import Retry, asgi_transport
from tgiconik.sandbox.app import application
from tgiconik.sandbox.credentials import CLIENT_ID, CLIENT_SECRET
from tgiconik.sandbox.grid import routes, seed
from tgiconik.sandbox.state import State
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid import collaboration as c
from tgiconik.tradinggrid.community_management import (
    ContactInformation,
    LoginId,
    RoleName,
    UserCreate,
    UserUpdate,
)
from tgiconik.tradinggrid.lens import Query, Selection

from .community import COMPANY
from .world import Clock

WORD = c.ConfirmationInput(note="Thank you.")


def client(state: State, secret: str = CLIENT_SECRET) -> TradingGridClient:
    app = application(routes(state))
    return TradingGridClient(
        "http://localhost",
        CLIENT_ID,
        secret,
        COMPANY,
        retry=Retry(attempts=1),
        transport=asgi_transport(app),
    )


@pytest.fixture
async def trading_grid(state: State) -> AsyncIterator[TradingGridClient]:
    async with client(state) as grid:
        yield grid


async def test_everything_answers_the_clients_check(trading_grid: TradingGridClient) -> None:
    checked = await trading_grid.check()
    assert checked.ok, checked.problems


async def test_a_wrong_secret_is_unauthorized(state: State) -> None:
    async with client(state, "wrong") as grid:
        with pytest.raises(errors.Unauthorized, match="Invalid client credentials"):
            await grid.companies.get()


async def test_a_token_that_ran_out_is_fetched_anew(
    trading_grid: TradingGridClient, clock: Clock
) -> None:
    await trading_grid.companies.get()
    clock.passes(hours=11)
    assert (await trading_grid.companies.get()).company_id == COMPANY
    clock.passes(hours=11)
    assert (await trading_grid.community.requests.get("REQ-1042")).id == "REQ-1042"


async def test_a_request_is_taken_answered_delivered_and_confirmed(
    trading_grid: TradingGridClient, clock: Clock
) -> None:
    community = trading_grid.community
    request = await community.requests.get("REQ-1042")
    assert request.due_at == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert request.criteria.language == "de-DE"
    claim = await community.requests.put_claim(
        request.id, holder="run-1", seconds=60, if_match=request.claim.etag
    )
    assert claim.expires_at == clock() + timedelta(minutes=1)
    request = await community.requests.set_status(
        request.id, c.RequestStatus.IN_REVIEW, if_match=request.etag, holder="run-1"
    )
    document = await community.documents.create(
        c.DocumentInput(
            title="Launch video",
            external_id="REQ-1042/asset-1",
            request_id=request.id,
            asset=c.AssetReference(asset_id="asset-1"),
            audience=c.Audience(partners=(request.partner_id,)),
        ),
        holder="run-1",
    )
    sent = c.DeliveryInput(
        key="REQ-1042/asset-1",
        link="http://localhost/s/1",
        share_id="share-1",
        expires_at=clock() + timedelta(days=7),
    )
    delivery = await community.deliveries.put(
        document.id, request.partner_id, sent, if_match=None, holder="run-1"
    )
    with pytest.raises(errors.PreconditionFailed):
        await community.deliveries.put(document.id, request.partner_id, sent, if_match=None)
    assert await community.deliveries.list(key=delivery.key).first(2) == [delivery]
    comment = await community.requests.comment(
        request.id, c.CommentInput(body="Here it is.", external_id="done"), holder="run-1"
    )
    request = await community.requests.set_status(
        request.id, c.RequestStatus.FULFILLED, if_match=request.etag, holder="run-1"
    )
    assert [one async for one in community.requests.comments(request.id)] == [comment]
    await community.requests.release_claim(request.id, if_match=claim.etag)

    receipt = await community.receipts.create(
        document.id, request.partner_id, c.ReceiptInput(kind=c.ReceiptKind.DOWNLOADED)
    )
    assert receipt.at == clock()
    request = await community.requests.set_status(
        request.id, c.RequestStatus.CONFIRMED, if_match=request.etag, actor="Anna Berg"
    )
    assert [move.to for move in request.history] == [
        "submitted",
        "in_review",
        "fulfilled",
        "confirmed",
    ]
    with pytest.raises(errors.Conflict):
        await community.requests.set_status(
            request.id, c.RequestStatus.REOPENED, if_match=request.etag
        )


async def test_a_project_is_run_with_partners(trading_grid: TradingGridClient) -> None:
    community = trading_grid.community
    group = await community.groups.create(c.GroupInput(name="Launch", tags=["launch"]))
    await community.groups.add_member(group.id, "GCPARTNER2")
    assert [one.name async for one in community.groups.members(group.id)] == ["Contoso"]
    audience = c.Audience(groups=(group.id,))
    project = await community.projects.create(
        c.ProjectInput(kind=c.ProjectKind.LAUNCH, name="Launch", audience=audience)
    )
    task = await community.tasks.create(
        project.id, c.TaskInput(kind=c.TaskKind.TODO, title="Confirm")
    )
    done = await community.tasks.update(
        project.id, task.id, c.TaskUpdate(status=c.TaskStatus.DONE), if_match=task.etag
    )
    assert done.status == "done"
    announcement = await community.announcements.create(
        c.AnnouncementInput(subject="Go", body="Go.", audience=audience)
    )
    word = await community.announcements.acknowledge(announcement.id, "GCPARTNER2", WORD)
    assert word == await community.announcements.acknowledge(
        announcement.id, "GCPARTNER2", c.ConfirmationInput(note="Again.")
    )
    confirmed = await community.projects.confirm(project.id, "GCPARTNER2", WORD)
    assert [one async for one in community.projects.confirmations(project.id)] == [confirmed]


async def test_users_are_made_changed_and_given_roles(
    trading_grid: TradingGridClient, state: State
) -> None:
    users = trading_grid.users.in_company("GCPARTNER1")
    user_id = await users.create(
        UserCreate(
            firstName="Anna",
            lastName="Berg",
            loginId=LoginId("anna@fabrikam.test"),
            loginPassword="correct horse",
            contactInformation=ContactInformation(email="anna@fabrikam.test"),
            isConsentClause=True,
            isRequiredOpenTextMarketingMaterials=False,
            isDayLightSavingsTimeObserved=True,
        )
    )
    await users.update(user_id, UserUpdate(lastName="Holm"))
    seed.change_login_id(state, user_id, "anna.holm@fabrikam.test")
    change = await users.set_roles(user_id, [RoleName.COMMUNITY_VIEWER])
    assert change.added == (RoleName.COMMUNITY_VIEWER,)
    user = await users.get(user_id)
    assert (user.lastName, user.loginId) == ("Holm", "anna.holm@fabrikam.test")
    assert [role.roleName for role in await users.roles(user)] == [RoleName.COMMUNITY_VIEWER]
    await users.delete(user)
    with pytest.raises(errors.NotFound):
        await users.get(user_id)


@pytest.mark.parametrize("scroll", [False, True])
async def test_lens_is_walked_to_its_end(
    trading_grid: TradingGridClient, state: State, clock: Clock, *, scroll: bool
) -> None:
    for number in range(2500):
        clock.passes(seconds=1)
        seed.add_transaction(state, f"T-{number}", contentkeys={"invoice number": str(number)})
    walk = trading_grid.lens.transactions(
        since=clock() - timedelta(seconds=2300),
        fields=["transactionid", "arrivaltime"],
        content_keys=["invoice number"],
        scroll=scroll,
    )
    found = [one async for one in walk]
    assert [one.transactionid for one in found] == [f"T-{n}" for n in range(199, 2500)]
    assert found[-1].arrivaltime == clock()
    assert found[-1].contentkeys[0].value == "2499"


async def test_what_lens_does_not_understand_is_a_graphql_error(
    trading_grid: TradingGridClient,
) -> None:
    with pytest.raises(errors.GraphQLError, match="closing parenthesis"):
        await trading_grid.lens.search(Query(search="(850"), Selection(fields=["status"]))
