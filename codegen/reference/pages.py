"""All pages of the reference of models, from the facts and the contract."""

from collections.abc import Iterator, Sequence

import attrs

from codegen.build import build
from codegen.collaboration.build import DOCUMENT
from codegen.collaboration.document import Document
from codegen.reference import contract, iconik


@attrs.frozen(kw_only=True)
class Page:
    """A page of the site.

    Attributes:
        path: below `docs`.
        text: Markdown.
        module: where the classes are that it shows; None where other pages show them too.
        names: the classes, which are its anchors too.
    """

    path: str
    text: str
    module: str | None
    names: Sequence[str]


def pages() -> Iterator[Page]:
    """The pages in the order of the navigation."""
    for one in build():
        yield Page(
            path=f"models/{one.service.name}.md",
            text=iconik.page(one),
            module=f"tgiconik.iconik.models.{one.service.name}",
            names=iconik.names(one),
        )
    document = Document.load(DOCUMENT)
    yield Page(
        path="models/collaboration.md",
        text=contract.page(document),
        module=None,
        names=[*document.schemas],
    )
