"""Paths of files in a mailbox: where a letter goes, and which letter a file name is of."""

import re
from typing import Final

import attrs

from tgiconik import errors

#: As long as file systems take names. The network's own limit is agreed for each mailbox.
LONGEST_NAME: Final = 255
_PLACEHOLDER: Final = re.compile(r"\{([a-z]*)\}")
_KNOWN: Final = ("name", "sender", "receiver", "partner")
_OUTGOING: Final = "[A-Za-z0-9-]{1,64}"
_ADDRESS: Final = re.compile(r"[^\x00-\x20/\\{}\x7f]{1,100}")


@attrs.frozen
class PathTemplate:
    """The path of published files, with placeholders: `TO/{receiver}/{name}.json`.

    Attributes:
        text: the template. `{name}` is the letter's own name, unique and the same at every try,
            and must be in the file name; `{sender}` and `{receiver}` are the addresses in Trading
            Grid, `{partner}` the partner's BUID.

    Raises:
        ConfigurationError: a placeholder is unknown, or the file name has no `{name}`.
    """

    text: str

    def __attrs_post_init__(self) -> None:
        unknown = [one for one in _PLACEHOLDER.findall(self.text) if one not in _KNOWN]
        if unknown or "{" in _PLACEHOLDER.sub("", self.text):
            raise errors.ConfigurationError(
                f"{self.text!r} is no path of a mailbox: placeholders are "
                + ", ".join(f"{{{one}}}" for one in _KNOWN)
            )
        if self._file.count("{name}") != 1:
            raise errors.ConfigurationError(
                f"{self.text!r}: the file name, which is the part after the last slash, must have "
                "{name}, once"
            )

    @property
    def _file(self) -> str:
        return self.text.rpartition("/")[2]

    @property
    def names_are_plain(self) -> bool:
        """Whether a file name follows from the letter's name alone."""
        return _PLACEHOLDER.findall(self._file) == ["name"]

    def path(self, *, name: str, sender: str, receiver: str, partner: str) -> str:
        """The path of a letter's file.

        Args:
            name: the letter's `Outgoing.name`.
            sender: address of the company.
            receiver: address of the partner.
            partner: BUID of the partner.

        Raises:
            ConfigurationError: the path would leave the folder, or the file name is too long.
        """
        values = {"name": name, "sender": sender, "receiver": receiver, "partner": partner}
        path = _PLACEHOLDER.sub(lambda found: checked_part(values[found[1]], found[1]), self.text)
        if len(path.rpartition("/")[2]) > LONGEST_NAME:
            raise errors.ConfigurationError(
                f"the file name of {name} has more than {LONGEST_NAME} characters"
            )
        return path

    def file_name(self, name: str) -> str:
        """The file name of a letter, if `names_are_plain`."""
        return self._file.replace("{name}", name)

    def name_in(self, file_name: str) -> str | None:
        """The letter whose file has this name; None if it is none of ours.

        Args:
            file_name: a file name, without folders.
        """
        found = re.fullmatch(self._pattern, file_name)
        return None if found is None else found["name"]

    @property
    def _pattern(self) -> str:
        parts = re.split(r"\{([a-z]*)\}", self._file)
        shapes = {"name": f"(?P<name>{_OUTGOING})"}
        return "".join(
            re.escape(part) if index % 2 == 0 else shapes.get(part, ".{1,100}?")
            for index, part in enumerate(parts)
        )


def checked_part(text: str, what: str) -> str:
    """A text that may be put into a path: without slashes, blanks and control characters.

    Args:
        text: the text.
        what: what it is, for the error.

    Raises:
        ConfigurationError: it may not.
    """
    if not _ADDRESS.fullmatch(text) or set(text) == {"."}:
        raise errors.ConfigurationError(
            f"the {what} {text!r} cannot be part of a path: it must be 1 to 100 characters without "
            "slashes, braces, blanks and control characters"
        )
    return text


def is_file_name(name: str) -> bool:
    """Whether a name that a server lists is that of one file, and not a way to another folder."""
    return (
        0 < len(name) <= LONGEST_NAME
        and not name.startswith(".")
        and "/" not in name
        and "\\" not in name
        and name.isprintable()
    )
