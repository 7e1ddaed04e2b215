"""Projects with tasks, exceptions and confirmations; announcements; the log."""

from tgiconik.community.shapes import Json

from .community import Community, problem
from .world import Clock

LAUNCH = {"kind": "launch", "name": "Autumn launch", "audience": {"groups": ["GRP-EMEA"]}}
NOTICE = {
    "subject": "New master",
    "body": "Please replace it.",
    "audience": {"groups": ["GRP-EMEA"], "partners": ["GCPARTNER2"]},
    "requires_acknowledgement": True,
}


async def launched(community: Community) -> str:
    return f"/projects/{(await community.write('POST', '/projects', LAUNCH))['id']}"


async def changed(community: Community, path: str, **changes: Json) -> Json:
    etag = (await community.get(path))["etag"]
    return await community.write("PATCH", path, changes, match=etag)


async def test_a_project_is_found_by_whom_it_is_meant_for(community: Community) -> None:
    path = await launched(community)
    (found,) = await community.items("/projects", partner_id="GCPARTNER1", kind="launch")
    assert path.endswith(found["id"])
    assert await community.items("/projects", partner_id="GCPARTNER2") == []
    assert await community.items("/projects", status=["completed", "cancelled"]) == []


async def test_a_project_moves_along_its_machine_by_a_change(community: Community) -> None:
    path = await launched(community)
    assert (await changed(community, path, status="active"))["status"] == "active"
    assert (await changed(community, path, status="completed"))["status"] == "completed"
    assert (await changed(community, path, status="active"))["status"] == "active"
    cancelled = await changed(community, path, status="cancelled", name="Off")
    answer = await community.call(
        "PATCH", path, {"status": "active", "name": "On"}, match=cancelled["etag"]
    )
    assert problem(answer) == (409, "illegal-move")
    assert (await community.get(path))["name"] == "Off"


async def test_tasks_belong_to_their_project_and_make_any_move(community: Community) -> None:
    path, other = await launched(community), await launched(community)
    task = await community.write(
        "POST",
        f"{path}/tasks",
        {"kind": "approval", "title": "Legal sign-off", "assignee_partner_id": "GCPARTNER1"},
    )
    assert path.endswith(task["project_id"])
    assert (task["status"], task["decision"]) == ("todo", None)
    place = f"{path}/tasks/{task['id']}"
    assert problem(await community.call("GET", f"{other}/tasks/{task['id']}")) == (404, "not-found")
    for status in ("done", "todo", "blocked", "doing"):
        assert (await changed(community, place, status=status))["status"] == status
    await changed(community, place, status="done", decision="approved", decision_note="Fine")
    (found,) = await community.items(
        f"{path}/tasks", kind="approval", status="done", assignee_partner_id="GCPARTNER1"
    )
    assert found["decision"] == "approved"
    assert await community.items(f"{other}/tasks") == []


async def test_an_exception_stands_in_the_way_until_it_is_resolved(community: Community) -> None:
    path = await launched(community)
    body = {"partner_id": "GCPARTNER1", "subject": "No German version"}
    raised = await community.write("POST", f"{path}/exceptions", body)
    assert await community.items(f"{path}/exceptions", status="open") == [raised]
    await community.write(
        "PATCH",
        f"{path}/exceptions/{raised['id']}",
        {"status": "resolved", "resolution": "Dubbed"},
        match=raised["etag"],
    )
    assert await community.items(f"{path}/exceptions", status="open") == []


async def test_a_project_is_commented_on(community: Community) -> None:
    path = await launched(community)
    await community.write("POST", f"{path}/comments", {"body": "Ready.", "author": "Anna"})
    (comment,) = await community.items(f"{path}/comments")
    assert comment["author"] == "Anna"


async def test_the_first_word_of_a_partner_stays(community: Community, clock: Clock) -> None:
    path = await launched(community)
    announcement = await community.write("POST", "/announcements", NOTICE)
    for words in (
        f"{path}/confirmations",
        f"/announcements/{announcement['id']}/acknowledgements",
    ):
        first = await community.write("PUT", f"{words}/GCPARTNER1", {"note": "Done"})
        clock.passes(minutes=1)
        again = await community.write("PUT", f"{words}/GCPARTNER1", {"note": "Really"})
        assert first == again == {**first, "partner_id": "GCPARTNER1", "note": "Done"}
        await community.write("PUT", f"{words}/GCPARTNER2", {})
        said = await community.items(words)
        assert [word["partner_id"] for word in said] == ["GCPARTNER1", "GCPARTNER2"]
        nobody = await community.call("PUT", f"{words}/GC-NOBODY", {})
        assert problem(nobody) == (404, "not-found")


async def test_an_announcement_reaches_groups_and_partners(community: Community) -> None:
    sent = await community.write("POST", "/announcements", NOTICE)
    assert sent["kind"] == "notice"
    for query in (
        {"partner_id": "GCPARTNER1"},
        {"partner_id": "GCPARTNER2"},
        {"group_id": "GRP-EMEA"},
        {"kind": "notice"},
    ):
        assert await community.items("/announcements", **query) == [sent]
    assert await community.items("/announcements", kind="recall") == []
    assert await community.get(f"/announcements/{sent['id']}") == sent


async def test_the_log_is_read_oldest_first_and_never_says_a_thing_twice(
    community: Community, clock: Clock
) -> None:
    revoked = {
        "kind": "share.revoked",
        "external_id": "share-1",
        "partner_id": "GCPARTNER1",
        "subject_type": "deliveries",
        "subject_id": "DOC-1",
        "detail": {"downloads": 3},
    }
    first = await community.call("POST", "/activity", revoked)
    clock.passes(minutes=1)
    early = {"kind": "share.made", "at": "2026-02-01T00:00:00Z"}
    await community.write("POST", "/activity", early)
    again = await community.call("POST", "/activity", {**revoked, "detail": {"downloads": 4}})
    assert (again.status_code, again.json()) == (200, first.json())
    entries = await community.items("/activity")
    assert [entry["kind"] for entry in entries] == ["share.revoked", "share.made"]
    assert entries[0]["at"] == "2026-03-01T12:00:00.000000Z"
    for query in (
        {"kind": ["share.revoked", "other"]},
        {"partner_id": "GCPARTNER1"},
        {"subject_type": "deliveries", "subject_id": "DOC-1"},
        {"external_id": "share-1"},
    ):
        assert await community.items("/activity", **query) == [first.json()]
