"""The metadata view of a release policy: whether it has the fields that the policy reads."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from tgiconik import errors
from tgiconik.iconik.metadata import Metadata
from tgiconik.iconik.models.metadata import MetadataView
from tgiconik.release import ReleasePolicy

#: How many views an error names when none is similar.
_MOST_NAMED: Final = 5
_TIMES: Final = frozenset({"date", "datetime"})
_WORDS: Final = frozenset(
    {"string", "string_exact", "text", "tag_cloud", "drop_down", "url", "email"}
)


async def view_not_found(metadata: Metadata, view_id: str) -> str:
    """One sentence about a metadata view that does not exist, with the most similar ones.

    `GET /API/metadata/v1/views/`.

    Args:
        metadata: has the views.
        view_id: the id that names none of them.
    """
    try:
        views = [(view.id or "", view.name or "") async for view in metadata.list_views()]
    except errors.CallError as error:
        return f"There is no metadata view {view_id}, and the others cannot be listed: {error}"
    # Somebody may have taken a view's name for its id.
    near = set(get_close_matches(view_id, [text for view in views for text in view]))
    shown = [view for view in views if near & {*view}] or views[:_MOST_NAMED]
    others = ", ".join(f"{name} ({id_})" for id_, name in shown)
    return f"There is no metadata view {view_id}; there is {others or 'none at all'}."


def view_problems(view: MetadataView, policy: ReleasePolicy) -> list[str]:
    """Problems that keep a policy from reading its fields through a view, one sentence each.

    Args:
        view: the view, with the types of its fields (`merge_fields`).
        policy: names the fields, and says what it reads from each.
    """
    types = {field.name or "": field.field_type for field in view.view_fields or ()}
    return [
        *_field_problems(types, _TIMES | _WORDS, policy.moment_fields),
        *_field_problems(types, _WORDS, policy.word_fields),
    ]


def _field_problems(
    types: Mapping[str, str | None], allowed: frozenset[str], fields: Iterable[str]
) -> Iterable[str]:
    for field in fields:
        if field not in types:
            near = get_close_matches(field, types)
            hint = f"; did you mean {' or '.join(near)}?" if near else "."
            yield f"The metadata view has no field {field}{hint}"
        elif types[field] not in allowed:
            yield f"The metadata field {field} is {types[field]}, not {', '.join(sorted(allowed))}."
