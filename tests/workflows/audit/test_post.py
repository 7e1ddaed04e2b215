"""The audit record of an asset shows letters about it that partners did not get."""

from community.post.office.scripted import ScriptedChannel

from tgiconik import errors
from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.workflows.audit import build_audit_record

from .launch import FILM, Launch


async def test_letters_that_were_given_up_are_in_the_audit_record(launch: Launch) -> None:
    channel = ScriptedChannel(
        everybody=True, failures=[errors.PostError("post.test refuses the letter")] * 1000
    )
    office = PostOffice(
        Community(launch.sandbox.state.community),
        launch.grid.company_id,
        channels=[channel],
        letters_per_pass=10_000,
    )
    await office.run_once()
    await launch.fulfill()
    await office.run_once()
    undelivered = await office.undelivered()
    assert undelivered
    record = await build_audit_record(launch.grid, launch.iconik, FILM, now=launch.clock)
    told = [event for _, event in record.events() if event.kind == "post.given_up"]
    assert {event.partner_id for event in told} <= {letter.partner_id for letter in undelivered}
    assert {event.text for event in told} == {"post.test refuses the letter"}
    assert any(event.document_id for event in told)
