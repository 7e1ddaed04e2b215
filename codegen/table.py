"""The documentation's table: every operation of iconik and the method that calls it."""

from collections.abc import Sequence

from codegen.build import Built


def text(built: Sequence[Built]) -> str:
    """The page, as Markdown."""
    total = sum(len(one.operations) for one in built)
    lines = [
        "# iconik operations",
        "",
        f"All {total:,} operations of iconik's {len(built)} services and the methods that call",
        "them. Generated from the same facts as the client.",
        "",
    ]
    for one in built:
        name = one.service.name
        lines += [f"## {name}", "", "| operation | method |", "| --- | --- |"]
        lines += [
            f"| `{operation.http} {one.service.base}{operation.path}` |"
            f" `iconik.{name}.{operation.name}` |"
            for operation in one.operations
        ]
        lines.append("")
    return "\n".join(lines)
