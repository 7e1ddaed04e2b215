"""`tgiconik post`: the post office of the community, with a profile."""

from tgiconik.cli.commands.community import use_profile
from tgiconik.cli.options import add_common
from tgiconik.cli.parser import Subparsers
from tgiconik.community.commands.post import add_post


def add_parser(subparsers: Subparsers) -> None:
    """Add `post`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = add_post(subparsers)
    add_common(parser)
    parser.set_defaults(prepare=use_profile)
