"""The common parts of Protocols and HTTP classes: bases, signatures, imports."""

from collections.abc import Sequence
from typing import Final

from codegen.collaboration.classes import Classes
from codegen.collaboration.document import Document, Json
from codegen.collaboration.methods import Argument, Method
from codegen.collaboration.text import PACKAGE, imported

#: The Protocol of a whole backend.
BACKEND: Final = "Collaboration"


def of_protocol(methods: Sequence[Method], protocol: str) -> list[Method]:
    """The methods of one Protocol."""
    return [one for one in methods if one.protocol == protocol]


def bases(document: Document, methods: Sequence[Method], said: Json) -> list[str]:
    """The shared Protocols that a noun has operations of."""
    address = f"/{said.get('attribute')}/"
    own = {one.id for one in document.operations if one.path.startswith(address)}
    return [
        name
        for name, other in document.protocols.items()
        if "subject" in other
        and any(own & set(one.operations) for one in of_protocol(methods, name))
    ]


def declaration(method: Method) -> str:
    """A method's first line, the same in the Protocol and over HTTP."""
    keywords = ["*", *map(_argument, method.keywords)] if method.keywords else []
    taken = ", ".join(["self", *map(_argument, method.plain), *keywords])
    head = "def" if method.how == "pages" else "async def"
    answer = f"Pages[{method.answer}]" if method.how == "pages" else method.answer
    return f"    {head} {method.name}({taken}) -> {answer}:"


def _argument(one: Argument) -> str:
    default = "" if one.default is None else f" = {one.default}"
    return f"{one.name}: {one.annotation}{default}"


def imports(classes: Classes, written: str, typing: Sequence[str]) -> str:
    """A module's code below the imports that it needs."""
    return "".join(
        [
            imported("collections.abc", written, ("Sequence",)),
            imported("datetime", written, ("datetime",)),
            imported("typing", written, typing),
            imported("typing_extensions", written, ("override",)),
            "\n",
            imported("tgiconik._http", written, ("Pages", "Session", "Surface", "checked_url")),
            imported(PACKAGE, written, ("protocol",)),
            imported(f"{PACKAGE}._wire", written, ("Noun", "Wire", "matching")),
            imported(f"{PACKAGE}.inputs", written, [one.name for one in classes.inputs]),
            imported(f"{PACKAGE}.models", written, [one.name for one in classes.models]),
            imported(f"{PACKAGE}.values", written, [one.name for one in classes.values]),
            "\n\n",
            written,
        ]
    )
