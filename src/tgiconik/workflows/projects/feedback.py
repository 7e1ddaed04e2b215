"""Partners' feedback on a project, copied to the timeline of an asset for the media team.

iconik takes any number of comments with one `external_id`. So a run first logs on Trading Grid what
it copies, where one `external_id` has one entry: of several runs at once, one writes the comment.
"""

from typing import Final
from uuid import uuid4

from tgiconik.tradinggrid.collaboration import ActivityInput, Comment, CommentVisibility
from tgiconik.workflows.projects.project import ProjectState
from tgiconik.workflows.run import IN_THE_MAKING, GridRun, Run
from tgiconik.workflows.run.text import fitting, listed, named
from tgiconik.workflows.sharing.snapshot import FactsCache
from tgiconik.workflows.tickets.media_team import ask_media_team, keys_on_timeline
from tgiconik.workflows.tickets.requests import ACTOR

#: The kind of the log's entry.
COPIED: Final = "feedback.copied"


async def copy_feedback(run: Run, state: ProjectState, asset_id: str, facts: FactsCache) -> None:
    """Copy what partners said to an asset's timeline, each comment once.

    `POST /API/assets/v1/assets/{asset_id}/segments/`.

    Args:
        run: the run.
        state: the project, and the exceptions that partners reported.
        asset_id: the asset.
        facts: the facts of assets.

    Raises:
        NotFound: the asset does not exist or is not visible to these credentials.
        CallError: a call to a platform failed; run it again.
    """
    feedback = await _feedback(run, state)
    if not feedback or state.project is None:
        return
    version_id = (await facts.of(asset_id)).version_id or ""
    there = await keys_on_timeline(run, asset_id)
    for key, text in feedback.items():
        if key not in there and await _is_for_us(run, key, state.project.id):
            await ask_media_team(run, asset_id, version_id, text, key=key, queue=None, there=there)


async def _feedback(run: GridRun, state: ProjectState) -> dict[str, str]:
    """The texts by the keys of their comments."""
    if state.project is None:
        return {}
    ours = f"tgiconik:{state.project.id}"
    feedback = {
        f"{ours}:exception:{one.id}": _quoted(
            f"{one.partner_id} cannot go on: {named(one.subject)}", one.description
        )
        for one in state.exceptions
    }
    async for comment in run.grid.community.projects.comments(state.project.id):
        if _is_partners(comment):
            feedback[f"{ours}:comment:{comment.id}"] = _quoted(
                f"{named(comment.author) or 'Somebody'} says on {state.project.id}:", comment.body
            )
    return feedback


def _is_partners(comment: Comment) -> bool:
    """Whether a comment is partners' feedback: not internal, and not by a workflow."""
    return comment.visibility != CommentVisibility.INTERNAL and comment.author != ACTOR


async def _is_for_us(run: GridRun, key: str, project_id: str) -> bool:
    """Whether this run is to write a comment: it logged it first, or the run that did has died."""
    this_run = str(uuid4())
    entry = ActivityInput(
        kind=COPIED,
        external_id=key,
        actor=ACTOR,
        subject_type="projects",
        subject_id=project_id,
        detail={"run": this_run},
    )
    logged = await run.write(
        f"log that {key} is copied for the media team",
        lambda: run.grid.community.activity.append(entry, idempotency_key=this_run),
        instead=None,
    )
    if logged is None or logged.detail.get("run") == this_run:
        return True
    return run.now() - logged.at >= IN_THE_MAKING


def _quoted(who: str, text: str | None) -> str:
    """A person's text as a quotation, every line prefixed."""
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return fitting("\n".join([who, listed(lines)]).strip())
