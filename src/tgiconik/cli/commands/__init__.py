"""The commands of `tgiconik`, each in a module of its own.

A module has `add_parser(subparsers)`, which adds the command's parser and sets `run` as a default:
a function that takes the parsed arguments and returns the exit code. A default `prepare` is called
with the arguments before. A module is imported only when its command is named, so that it may
import what it needs.
"""

from typing import Final, NamedTuple


class Command(NamedTuple):
    """A command.

    Attributes:
        name: its name.
        help: one line for the list of commands.
        module: the name of its module.
        aliases: other names.
    """

    name: str
    help: str
    module: str
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All its names."""
        return frozenset({self.name, *self.aliases})


_HERE: Final = __name__

#: All commands, in the order of the help. A new command is one more line.
COMMANDS: Final = (
    Command("check", "check credentials, roles and policy", f"{_HERE}.check"),
    Command("fulfil", "answer a partner's media request", f"{_HERE}.fulfil", ("fulfill",)),
    Command("distribute", "send approved assets to their partners", f"{_HERE}.distribute"),
    Command("launch", "coordinate a campaign launch", f"{_HERE}.launch"),
    Command("comply", "distribute the compliant version only", f"{_HERE}.comply"),
    Command("recall", "take a version back from all partners", f"{_HERE}.recall"),
    Command("reconcile", "close links that may not be open", f"{_HERE}.reconcile"),
    Command("onboard", "onboard a partner", f"{_HERE}.onboard"),
    Command("resolve", "resolve a media issue", f"{_HERE}.resolve"),
    Command("enhance", "process an enhancement request", f"{_HERE}.enhance"),
    Command("audit", "write a sealed audit record", f"{_HERE}.audit"),
    Command("verify", "check open links, or an audit record", f"{_HERE}.verify"),
    Command("community", "keep a community: partners, keys, server", f"{_HERE}.community"),
    Command("post", "send letters to partners, and carry out what they answer", f"{_HERE}.post"),
    Command("worker", "run the rules of an automation until SIGTERM", f"{_HERE}.worker"),
    Command("runs", "what an automation did, what waits, and what is parked", f"{_HERE}.runs"),
    Command("sandbox", "serve both platforms for trials and tests", f"{_HERE}.sandbox"),
    Command("completion", "print completion for a shell", f"{_HERE}.completion"),
)
