"""The groups of commands of `python -m tgiconik.community`, each in a module of its own.

A module has `add_parser(subparsers)`, which adds the parsers of its commands. Each of these sets
`run` as a default: a function that takes the parsed arguments and returns the exit code.
"""

from collections.abc import Callable
from typing import Final

from tgiconik.community.commands import archive, keys, partners, post, serve, upkeep
from tgiconik.community.commands.parsers import Subparsers

#: What adds the parsers of each group, in the order of the help.
GROUPS: Final[tuple[Callable[[Subparsers], None], ...]] = (
    partners.add_parser,
    keys.add_parser,
    serve.add_parser,
    archive.add_parser,
    upkeep.add_parser,
    post.add_parser,
)
