"""The simplest channel: letters become files in a folder, and messages are files in another.

For programs of the same house that hand files on, and for trying things out. Below each folder
every partner has one of its own, named by its BUID: whoever may write there is that partner.
"""

import json
import os
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import anyio.to_thread

from tgiconik import errors
from tgiconik._files import atomic_write
from tgiconik.community import json_body
from tgiconik.community.post.channel import (
    Act,
    AnswerWith,
    Arrival,
    Channel,
    Directory,
    Judgement,
    Outgoing,
    Quarantine,
    SendState,
    Tracking,
    Trust,
)
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.store.interface import Record

_PARTNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MESSAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.json")
_LARGEST: Final = 1024 * 1024
_KEYS: Final = frozenset({"kind", "noun", "record_id", "part_id", "body", "comment", "answers"})
_DONE: Final = "done"


class FolderChannel(Channel):
    """Letters and messages as files.

    A letter is `<letters>/<BUID>/<name>.json`. A message is `<messages>/<BUID>/<any name>.json`
    and is moved into `done` beside it once it is stored; its path is its id, so a name is used
    once. It is an object with `kind` and, as the kind needs them, `noun`, `record_id`, `part_id`,
    `body`, `comment` and `answers` (the name of the letter that it answers).

    Args:
        letters: the folder for letters.
        messages: the folder for messages.
        name: name of the channel in the database.
    """

    def __init__(
        self,
        letters: str | os.PathLike[str],
        messages: str | os.PathLike[str],
        *,
        name: str = "folder",
    ) -> None:
        self._letters = Path(letters)
        self._messages = Path(messages)
        self._name = name

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "FolderChannel":
        """The channel of the variables `POST_FOLDER_LETTERS` and `POST_FOLDER_MESSAGES`.

        Args:
            environ: the variables; those of the process when left out.

        Raises:
            ConfigurationError: one of them is not set.
        """
        given = os.environ if environ is None else environ
        return cls(*(_variable(given, one) for one in _VARIABLES))

    @property
    def name(self) -> str:
        """Its name in the database."""
        return self._name

    @property
    def uses_tokens(self) -> bool:
        """No: messages say themselves what they are about."""
        return False

    @property
    def tracks(self) -> bool:
        """No: who reads a file is not known."""
        return False

    def reaches(self, partner: Record) -> bool:
        """Whether the partner has a folder for letters."""
        return bool(_PARTNER.fullmatch(partner.id)) and (self._letters / partner.id).is_dir()

    async def send(self, outgoing: Outgoing) -> Tracking:
        """Write the letter's file, or replace it.

        Raises:
            PostUnavailable: the file cannot be written now.
            PostError: the partner has no folder for letters.
        """
        await anyio.to_thread.run_sync(self._write, outgoing)
        return Tracking(name=outgoing.name, state=SendState.SENT)

    async def send_form(self, answer: AnswerWith, *, name: str) -> None:
        """Refuse: a folder has no forms.

        Raises:
            PostError: always.
        """
        raise errors.PostError(f"{self._name} has no form {answer.form} to send as {name}")

    async def collect(self) -> AsyncIterator[Arrival]:
        """The messages that lie in the partners' folders, by path.

        Raises:
            PostUnavailable: a folder cannot be read now.
        """
        for path in await anyio.to_thread.run_sync(self._found):
            arrival = await anyio.to_thread.run_sync(self._read, path)
            if arrival is not None:
                yield arrival

    async def acknowledge(self, arrival: Arrival) -> None:
        """Move a message into `done`.

        Raises:
            PostUnavailable: it cannot be moved now.
        """
        await anyio.to_thread.run_sync(self._move, self._messages / arrival.name)

    async def judge(
        self,
        arrivals: Sequence[Arrival],
        directory: Directory,
    ) -> Sequence[Judgement]:
        """The judgements of messages, by their content and the folder that they were in."""
        return [await _judgement(arrival, directory) for arrival in arrivals]

    async def track(self, names: Collection[str]) -> Sequence[Tracking]:  # noqa: ARG002 - the protocol's
        """Nothing: who reads a file is not known."""
        return ()

    async def check(self) -> Mapping[str, Any]:
        """The number of partners that have folders.

        Raises:
            ConfigurationError: a folder is not there, or cannot be written to.
        """
        return await anyio.to_thread.run_sync(self._check)

    async def aclose(self) -> None:
        """Nothing is open."""

    def _write(self, outgoing: Outgoing) -> None:
        folder = self._letters / outgoing.letter.partner_id
        if not _PARTNER.fullmatch(outgoing.letter.partner_id) or not folder.is_dir():
            raise errors.PostError(
                f"{self._name} has no folder {folder} for letters; make it for the partner"
            )
        content = json.dumps({"name": outgoing.name, **outgoing.letter.data}, indent=2)
        try:
            with atomic_write(folder / f"{outgoing.name}.json") as new:
                new.write_text(f"{content}\n", "utf-8")
        except OSError as error:
            raise self._unavailable(folder, error) from error

    def _found(self) -> list[Path]:
        try:
            folders = [one for one in sorted(self._messages.iterdir()) if one.is_dir()]
            return [
                path
                for folder in folders
                if _PARTNER.fullmatch(folder.name)
                for path in sorted(folder.iterdir())
                if _MESSAGE.fullmatch(path.name) and not path.is_symlink() and path.is_file()
            ]
        except OSError as error:
            raise self._unavailable(self._messages, error) from error

    def _read(self, path: Path) -> Arrival | None:
        try:
            with path.open("rb") as file:
                raw = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return None  # another office has it
        except OSError as error:
            raise self._unavailable(path, error) from error
        name = f"{path.parent.name}/{path.name}"
        return Arrival(message_id=name, raw=raw, name=name, received_at=datetime.now(UTC))

    def _move(self, path: Path) -> None:
        done = path.parent / _DONE
        try:
            done.mkdir(exist_ok=True)
            path.replace(done / path.name)
        except FileNotFoundError:
            return  # moved already, by an earlier pass or another office
        except OSError as error:
            raise self._unavailable(path, error) from error

    def _check(self) -> Mapping[str, Any]:
        for folder in (self._letters, self._messages):
            if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise errors.ConfigurationError(
                    f"{self._name}: {folder} is no folder that can be read and written"
                )
        return {
            "letters": sum(one.is_dir() for one in self._letters.iterdir()),
            "messages": sum(one.is_dir() for one in self._messages.iterdir()),
        }

    def _unavailable(self, path: Path, error: OSError) -> errors.PostUnavailable:
        return errors.PostUnavailable(f"{self._name}: {path}: {error.strerror or error}")


_VARIABLES: Final = ("POST_FOLDER_LETTERS", "POST_FOLDER_MESSAGES")


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise errors.ConfigurationError(f"set {name} in the environment")
    return value


async def _judgement(arrival: Arrival, directory: Directory) -> Judgement:
    partner_id = arrival.name.partition("/")[0]
    if await directory.partner(partner_id) is None:
        return Quarantine(reason=f"{partner_id} is no partner of the company")
    if len(arrival.raw) > _LARGEST:
        return Quarantine(reason=f"more than {_LARGEST:,} bytes", trust=Trust.PROVEN)
    try:
        return _act(partner_id, json_body.parse(arrival.raw))
    except ValueError as error:
        return Quarantine(reason=f"it is no message: {error}", trust=Trust.PROVEN)


def _act(partner_id: str, given: object) -> Act:
    """The act of a message.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(given, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what is wrong with the content
    if unknown := given.keys() - _KEYS:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    body = given.pop("body", {})
    if not isinstance(body, dict):
        raise ValueError("body is not an object")  # noqa: TRY004 - the same
    wrong = [name for name, value in given.items() if not isinstance(value, str)]
    if wrong:
        raise ValueError(f"{wrong[0]} is not text")
    if given.get("kind") not in set(IntentKind):
        raise ValueError(f"kind must be one of {', '.join(IntentKind)}")
    about = {name: given.get(name, "") for name in ("noun", "record_id", "part_id")}
    return Act(
        partner_id=partner_id,
        intent=Intent(kind=IntentKind(given["kind"]), body=body, **about),
        sender=partner_id,
        comment=given.get("comment", ""),
        answers=given.get("answers", ""),
    )
