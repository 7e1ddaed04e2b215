"""The module `http`: the contract's methods as HTTP calls."""

from collections.abc import Iterator, Sequence
from typing import Final

from codegen.collaboration.classes import Classes
from codegen.collaboration.document import Document, Json
from codegen.collaboration.methods import Argument, Method
from codegen.collaboration.signatures import BACKEND, bases, declaration, imports, of_protocol
from codegen.collaboration.text import HEADER

_ABOUT: Final = '''\
"""The collaboration contract over HTTP: each method is one operation of the document.

`protocol` says what each method promises; nothing of that is repeated here.
"""

'''

_BACKEND: Final = '''\
@final
class HttpCollaboration(Surface):
    """The collaboration contract over HTTP.

    Args:
        session: sends the calls, with Trading Grid's token.
        company_id: BUID of the company whose community it is.
        community_url: origin of the collaboration surface; None for the session's own.

    Raises:
        ConfigurationError: the URL is not one that credentials may be sent to.
    """

    def __init__(
        self, session: Session, company_id: str, *, community_url: str | None = None
    ) -> None:
        base = None if community_url is None else checked_url(community_url, session.plain_http)
        self._wire = Wire(session, base, company_id)
{nouns}

    def __repr__(self) -> str:
        return f"<HttpCollaboration {{self._wire.base or self._wire.session.base_url}}>"

{methods}
'''


def http_module(document: Document, classes: Classes, methods: Sequence[Method]) -> str:
    """The module's text."""
    nouns = [
        _noun(document, methods, name, said)
        for name, said in document.protocols.items()
        if name != BACKEND
    ]
    backend = _BACKEND.format(
        nouns="\n".join(
            f"        self.{said['attribute']}: protocol.{name} = _{name}(self._wire)"
            for name, said in document.protocols.items()
            if "attribute" in said
        ),
        methods="\n".join(map(_documented, of_protocol(methods, BACKEND))),
    )
    written = "\n\n".join([*nouns, backend])
    return HEADER + _ABOUT + imports(classes, written, ("ClassVar", "final"))


def _noun(document: Document, methods: Sequence[Method], name: str, said: Json) -> str:
    shared = [f"_{one}" for one in bases(document, methods, said)]
    heads = ", ".join([*(shared or ["Noun"]), f"protocol.{name}"])
    path = f'    _path = "/{said["attribute"]}"\n' if shared else ""
    if "subject" in said:
        path = "    _path: ClassVar[str]\n"
    return "\n".join(
        [
            f"class _{name}({heads}):",
            f'    """`protocol.{name}` over HTTP."""\n',
            path,
            *(f"    @override\n{_method(one)}" for one in of_protocol(methods, name)),
        ]
    )


def _documented(method: Method) -> str:
    about = f'        """{method.summary} `{method.route}`."""'
    head, body = _method(method).split("\n", 1)
    return f"{head}\n{about}\n{body}"


def _method(method: Method) -> str:
    call = f"self._wire.{method.how}({', '.join(_sent(method))})"
    wait = "" if method.how == "pages" else "await "
    answer = "" if method.how == "send" else "return "
    return f"{declaration(method)}\n        {answer}{wait}{call}\n"


def _sent(method: Method) -> Iterator[str]:
    """The arguments of a call of `Wire`."""
    if method.answer is not None:
        yield method.answer
    if method.how in {"write", "send"}:
        yield f'"{method.http}"'
    yield _path(method)
    yield from (one.name for one in method.ids)
    yield from (f"{one.name}={one.name}" for one in method.filters)
    if method.body is not None:
        yield f"body={method.body.name}"
    if method.fields:
        yield f"body={{{_pairs(method.fields)}}}"
    if "if_match" in method.headers:
        yield "preconditions=matching(if_match)"
    yield from (f"{name}={name}" for name in method.headers if name != "if_match")


def _path(method: Method) -> str:
    shared = method.ids and method.ids[0].name == "id_"
    return f'self._path + "{method.path}"' if shared else f'"{method.path}"'


def _pairs(fields: Sequence[Argument]) -> str:
    return ", ".join(f'"{one.name}": {one.name}' for one in fields)
