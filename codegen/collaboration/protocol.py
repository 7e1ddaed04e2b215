"""The module `protocol`: a Protocol for each noun, and one for a whole backend."""

from collections.abc import Mapping, Sequence
from typing import Final

from codegen.collaboration.classes import Classes
from codegen.collaboration.document import Document, Json
from codegen.collaboration.methods import Argument, Method
from codegen.collaboration.signatures import BACKEND, bases, declaration, imports, of_protocol
from codegen.collaboration.text import HEADER, docstring, headline

_ABOUT: Final = '''\
"""The interface of a collaboration backend: one Protocol per noun, and all of them together.

The contract is this project's own; OpenText publishes none. `HttpCollaboration` is the backend over
HTTP. Another one (a customer's gateway, a mailbox) implements these Protocols and is passed to
`TradingGridClient(community=...)`.

Rules that hold for every method:

- Errors are `tgiconik.errors`: NotFound, Conflict (an illegal move, or somebody else's claim),
  PreconditionFailed (it has changed since it was read, or the claim is lost), Unprocessable.
- `if_match` is the `etag` of what was read. `if_match=None`, where it is allowed, means that the
  thing must not be there yet.
- `holder` is the holder of a claim; the write happens only while that claim lasts.
- `idempotency_key` makes a repeated call answer what the first one did. Without one a key is made
  for each call, so that a backend's own retries do nothing twice.
- Creating something with an `external_id` that is there already answers what is there, unchanged.
- Lists come in the order of their last change; `updated_since` is inclusive. A list argument with
  several values means any of them. Times are timezone-aware; a time without a zone is refused.
"""

'''


def protocol_module(document: Document, classes: Classes, methods: Sequence[Method]) -> str:
    """The module's text."""
    written = [
        _protocol(name, said, bases(document, methods, said), of_protocol(methods, name))
        for name, said in document.protocols.items()
        if name != BACKEND
    ]
    backend = _backend(document, of_protocol(methods, BACKEND))
    return HEADER + _ABOUT + imports(classes, "\n\n".join([*written, backend]), ("Protocol",))


def _protocol(name: str, said: Json, above: Sequence[str], methods: Sequence[Method]) -> str:
    heads = ", ".join([*above, "Protocol"])
    about = docstring(said["description"], sections={}, indent=1)
    return "\n".join([f"class {name}({heads}):", about, "", *map(_method, methods)])


def _backend(document: Document, methods: Sequence[Method]) -> str:
    lines = [
        f"class {BACKEND}(Protocol):",
        docstring(document.protocols[BACKEND]["description"], sections={}, indent=1),
        "",
    ]
    for name, said in document.protocols.items():
        if "attribute" in said:
            about = docstring(said["description"], sections={}, indent=2)
            head = f"    def {said['attribute']}(self) -> {name}:"
            lines += ["    @property", head, about, "        ...", ""]
    return "\n".join([*lines, *map(_method, methods)])


def _method(method: Method) -> str:
    said = headline(method.summary, f"`{method.route}`.", indent=2)
    sections = {"Args": _about([*method.plain, *method.keywords]), "Raises": method.raises}
    return "\n".join(
        [
            declaration(method),
            docstring(*said, method.about, sections=sections, indent=2),
            "        ...",
            "",
        ]
    )


def _about(arguments: Sequence[Argument]) -> Mapping[str, str]:
    return {one.name: one.about for one in arguments}
