"""All pages of the reference of models, from the facts and the contract."""

from collections.abc import Iterator, Mapping, Sequence

import attrs

from codegen.build import Built, build
from codegen.collaboration.build import DOCUMENT
from codegen.collaboration.document import Document
from codegen.reference import contract, iconik
from codegen.typed_dicts import SUFFIX


@attrs.frozen(kw_only=True)
class Page:
    """A page of the site.

    Attributes:
        path: below `docs`.
        text: Markdown.
        names: the classes that it shows, which are its anchors.
        classes: the full name of everything that other pages do not show to its anchor.
    """

    path: str
    text: str
    names: Sequence[str]
    classes: Mapping[str, str]


def pages() -> Iterator[Page]:
    """The pages in the order of the navigation."""
    for one in build():
        yield Page(
            path=f"models/{one.service.name}.md",
            text=iconik.page(one),
            names=iconik.names(one),
            classes=dict(_classes(one)),
        )
    document = Document.load(DOCUMENT)
    yield Page(
        path="models/collaboration.md",
        text=contract.page(document),
        names=[*document.schemas],
        classes={},
    )


def _classes(built: Built) -> Iterator[tuple[str, str]]:
    models, name = "tgiconik.iconik.models", built.service.name
    for one in iconik.names(built):
        yield f"{models}.{name}.{one}", one
    for model in built.models:
        if model.sent:
            yield f"{models}.dicts.{name}.{model.name}{SUFFIX}", model.name
