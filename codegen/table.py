"""The documentation's pages on iconik's operations: a table of all, and a page for each service."""

import html
import re
from collections.abc import Collection, Sequence

from codegen.build import Built
from codegen.emit import call, declaration, query_limits
from codegen.typed_dicts import SUFFIX, UNTYPED
from codegen.words import sentence


def text(built: Sequence[Built]) -> str:
    """The table of all operations, as Markdown."""
    total = sum(len(one.operations) for one in built)
    lines = [
        # The pages of the services have a heading for each operation: a search finds those.
        "---",
        "search:",
        "  exclude: true",
        "---",
        "",
        "# iconik operations",
        "",
        f"All {total:,} operations of iconik's {len(built)} services and the methods that call",
        "them, each with a link to what it takes and answers. Generated from the same facts as the",
        "client. Paste a path into the box, with or without `/API`, or type words of what you want",
        "to do. The search at the top of the page finds methods by name.",
        "[Models](models.md) has what they take and answer, field by field.",
        "",
        '<div class="operations-filter"></div>',
        "",
    ]
    for one in built:
        name = one.service.name
        lines += [f"## {name}", "", "| operation | method | what it does |", "| --- | --- | --- |"]
        lines += [
            f"| `{operation.http} {one.service.base}{operation.path}` |"
            f" [`iconik.{name}.{operation.name}`](operations/{name}.md#{operation.name}) |"
            f" {sentence(operation.name)} |"
            for operation in one.operations
        ]
        lines.append("")
    return "\n".join(lines)


def service(built: Built) -> str:
    """A page on the operations of one service: a heading for each, so that a search leads there."""
    name = built.service.name
    lines = [
        f"# iconik.{name}",
        "",
        f"{len(built.operations)} operations below `{built.service.base}`. Ids of the path are",
        f"positional, everything else is by keyword. [Models](../models/{name}.md) are in",
        f"`tgiconik.iconik.models.{name}`, typed dictionaries in",
        f"`tgiconik.iconik.models.dicts.{name}`.",
        "",
    ]
    models = {one.name for one in built.models}
    for operation in built.operations:
        declared = re.sub(r"\b[md]\.|\bself(, )?", "", declaration(operation, built.types))
        declared = declared.replace(UNTYPED, "dict[str, Any]")
        wait = "" if operation.answer.how == "pages" else "await "
        lines += [
            f"## {operation.name}",
            "",
            f"{sentence(operation.name)}: {call(built.service, operation)}.",
            "",
            _linked(f"{wait}iconik.{name}.{declared}", models, f"../models/{name}.md"),
            "",
        ]
        if published := query_limits(operation):
            lines += [published, ""]
    return "\n".join(lines)


def _linked(signature: str, models: Collection[str], page: str) -> str:
    """A signature as code with links from its models to their sections."""

    def link(found: re.Match[str]) -> str:
        model = found[0].removesuffix(SUFFIX)
        known = next((one for one in (found[0], model) if one in models), None)
        return f"[{found[0]}]({page}#{known})" if known else found[0]

    # A star would begin an emphasis, which code in HTML does not protect from.
    text = html.escape(signature, quote=False).replace("*", "&#42;")
    linked = re.sub(r"\w+", link, text)
    return f"<code>{linked}</code>"
