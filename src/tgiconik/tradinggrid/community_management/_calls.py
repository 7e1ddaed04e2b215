"""Where Community Management lives, and how its answers hold lists."""

from collections.abc import Mapping
from typing import Final, TypeVar

from tgiconik._http import Answer, Call, Page, Pages, Session, unreadable
from tgiconik.tradinggrid._decode import read_list, readable

T = TypeVar("T")

SERVICES: Final = "/TGCommunityServices/v1"
COMPANY: Final = SERVICES + "/companies/{}"


def listed(into: type[T], answer: Answer) -> list[T]:
    """Entries of an answer that is a list, or an object with one list in it.

    Which of the two an operation answers is not published. No body, null and an empty object are an
    empty list.

    Raises:
        UnreadableResponse: there is no list in it, or more than one, or an entry is no object.
    """
    data = answer.json()
    if isinstance(data, Mapping) and data:
        lists = [value for value in data.values() if isinstance(value, list)]
        if len(lists) != 1:
            raise unreadable(answer, f"one list was expected in the answer, not {len(lists)}")
        data = lists[0]
    with readable(answer):
        return read_list(into, data or [], lenient=True)


def one_page(session: Session, call: Call, into: type[T]) -> Pages[T]:
    """A list that comes whole: Community Management publishes no paging."""

    async def fetch(_: str | None) -> Page[T]:
        answer = await session.send(call)
        items = listed(into, answer)
        return Page(items=items, total=len(items), envelope=answer.json())

    return Pages(fetch)
