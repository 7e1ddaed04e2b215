"""Requests and answers of Cartographer, with the published field names.

OpenText publishes the names and types of these fields. No field is known to be always there, so
each defaults to None, and what has another type than published stays in `extra`. Times are whole
numbers as they came (`long`): milliseconds where the name says so; the unit of the others is not
published.
"""
# ruff: noqa: N815 - the names are OpenText's, and those who know the API look for them

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from tgiconik._models import Record


class EntityAction(StrEnum):
    """Words for the state of an entity.

    OpenText publishes that there is an `action`, and not its words: these two are an assumption.
    Any other text can be given in their place.
    """

    RESERVE = "reserve"
    UNRESERVE = "unreserve"


@attrs.frozen(kw_only=True)
class StateInfo(Record):
    """Who set a state, and when.

    Attributes:
        userName: the user's name.
        userId: the user's id.
        timestamp: when, as it came.
    """

    userName: str | None = None
    userId: str | None = None
    timestamp: int | None = None


@attrs.frozen(kw_only=True)
class LifecycleInfo(Record):
    """A change of a map's life cycle that somebody has asked for.

    Attributes:
        type: the kind of change.
        requestedTimeMs: when it was asked for, in milliseconds.
        scheduledTimeMs: when it is to happen, in milliseconds.
        requester: who asked.
    """

    type: str | None = None
    requestedTimeMs: int | None = None
    scheduledTimeMs: int | None = None
    requester: str | None = None


@attrs.frozen(kw_only=True)
class Map(Record):
    """A map: what turns documents of one kind into documents of another.

    A list has the first part of these fields, `get` has all of them.

    Attributes:
        id: the number that calls take.
        direction: such as inbound or outbound.
        status: where the map stands.
        lifecycleInfo: a change that was asked for.
        stateInfo: who set the state.
        modified: when it was changed, as it came.
    """

    id: int | None = None
    name: str | None = None
    translator: str | None = None
    status: str | None = None
    direction: str | None = None
    version: str | None = None
    sourceDocType: str | None = None
    sourceVersion: str | None = None
    sourceStandard: str | None = None
    sourceFormat: str | None = None
    sourceTransaction: str | None = None
    sourceApplication: str | None = None
    targetDocType: str | None = None
    targetVersion: str | None = None
    targetStandard: str | None = None
    targetFormat: str | None = None
    targetTransaction: str | None = None
    targetApplication: str | None = None
    standard: str | None = None
    docType: str | None = None
    customerModifiedMap: bool | None = None
    lifecycleInfo: LifecycleInfo | None = None
    stateInfo: StateInfo | None = None
    commentCount: int | None = None
    modified: int | None = None
    acceptanceState: str | None = None
    sortingList: str | None = None
    databaseLookup: bool | None = None
    sorting: bool | None = None
    carbonCopy: bool | None = None
    multipleTPLogic: bool | None = None
    multiByteData: bool | None = None
    chunking: bool | None = None
    passThrough: bool | None = None
    characterConversion: bool | None = None
    preProcess: bool | None = None
    prodMap: bool | None = None


@attrs.frozen(kw_only=True)
class MapPartner(Record):
    """A trading partner whose documents a map handles.

    Attributes:
        name: the partner's name.
        href: a link to the partner, as it came.
        translator: the translator of the map.
        mapName: the map's name.
        docType: the type of the documents.
        direction: such as inbound or outbound.
        sender: address of the sender.
        receiver: address of the receiver.
        version: the version of the map.
    """

    name: str | None = None
    href: str | None = None
    translator: str | None = None
    mapName: str | None = None
    docType: str | None = None
    direction: str | None = None
    sender: str | None = None
    receiver: str | None = None
    version: str | None = None


@attrs.frozen(kw_only=True)
class Specification(Record):
    """A file that specifies a map.

    Attributes:
        id: the number that a download takes.
        name: file name.
        size: as text, as published.
        modified: when it was changed, as it came.
    """

    id: int | None = None
    name: str | None = None
    size: str | None = None
    modified: int | None = None


@attrs.frozen(kw_only=True)
class Author(Record):
    """The user who wrote a part of an annotation.

    Attributes:
        id: the user's id.
        name: the user's name.
        type: the kind of user.
    """

    id: str | None = None
    name: str | None = None
    type: str | None = None


@attrs.frozen(kw_only=True)
class Message(Record):
    """One message of an annotation.

    Attributes:
        user: who wrote it.
        action: what the user did.
        text: the text.
        modified: when, as it came.
    """

    user: Author | None = None
    action: str | None = None
    text: str | None = None
    modified: int | None = None


@attrs.frozen(kw_only=True)
class Attachment(Record):
    """A file of an annotation.

    Attributes:
        id: its number.
        name: file name.
    """

    id: int | None = None
    name: str | None = None


@attrs.frozen(kw_only=True)
class Annotation(Record):
    """A conversation about a map.

    Attributes:
        id: its number.
        type: the kind of annotation.
        message: its messages.
        replies: replies, as they came.
        attachments: its files.
        additionalInfo: names and values, such as `mapVersion`.
    """

    id: int | None = None
    type: str | None = None
    message: tuple[Message, ...] = ()
    replies: tuple[Mapping[str, Any], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    additionalInfo: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Entity(Record):
    """A cross-reference entity: a table of keys and values that maps look things up in.

    Attributes:
        id: its number. Calls take the name.
        name: its name within the solution.
        description: a description of it.
        numberRows: how many entries it has.
        numberVersions: how many versions of it there are.
        createDate: when it was made, as it came.
        availableDate: from when on it can be used, as it came.
        maxRows: how many entries it may have.
        isReadOnly: whether it cannot be changed.
        isLocked: whether somebody has reserved it.
        lockedBy: who has.
        lockDate: since when, as it came.
        keyDelimiter: what separates the parts of a key.
        valueDelimiter: what separates the parts of a value.
        prefix: a prefix, as it came.
        uniqueKey: whether a key stands for one entry alone.
    """

    id: int | None = None
    name: str | None = None
    description: str | None = None
    numberRows: int | None = None
    numberVersions: int | None = None
    createDate: int | None = None
    availableDate: int | None = None
    isReadOnly: bool | None = None
    isLocked: bool | None = None
    lockDate: int | None = None
    lockedBy: str | None = None
    maxRows: int | None = None
    keyDelimiter: str | None = None
    valueDelimiter: str | None = None
    prefix: str | None = None
    uniqueKey: bool | None = None


@attrs.frozen(kw_only=True)
class Header(Record):
    """The rules for one part of a key or one value.

    Attributes:
        name: its name.
        mandatory: whether it must be there.
        regularExpressions: what it must match, as published: one text.
        headerLabel: its label.
        customLabel: the company's own label.
        minLength: characters at the least.
        maxLength: characters at the most.
    """

    name: str | None = None
    mandatory: bool | None = None
    regularExpressions: str | None = None
    headerLabel: str | None = None
    customLabel: str | None = None
    minLength: int | None = None
    maxLength: int | None = None


@attrs.frozen(kw_only=True)
class HeaderConfig(Record):
    """How the entries of an entity are made up.

    Attributes:
        keyHeaders: the parts of a key.
        valueHeaders: the values.
        columnHeaders: the columns.
    """

    keyHeaders: tuple[Header, ...] = ()
    valueHeaders: tuple[Header, ...] = ()
    columnHeaders: tuple[Header, ...] = ()


@attrs.frozen(kw_only=True)
class EntryValue(Record):
    """One value of an entry.

    Attributes:
        index: its number within the entry. Which number is the first is not published.
        value: the text.
    """

    index: int | None = None
    value: str | None = None


@attrs.frozen(kw_only=True)
class Entry(Record):
    """An entry of an entity.

    Attributes:
        key: its key.
        values: its values, in the order of the answer.
        type: the kind of entry; lists have it, searches have not.
    """

    key: str | None = None
    values: tuple[EntryValue, ...] = ()
    type: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The values that are there, in the order of their numbers; none that is empty."""
        numbered = sorted(self.values, key=lambda one: (one.index is None, one.index or 0))
        return tuple(one.value for one in numbered if one.value)


@attrs.frozen(kw_only=True)
class PrexrefEntry(Record):
    """An entry of the pre-cross-reference: what documents have, and what their profile has.

    Attributes:
        searchDoctype: document type to look for.
        searchSender: sender to look for.
        searchReceiver: receiver to look for.
        profileDoctype: document type to use.
        profileSender: sender to use.
        profileReceiver: receiver to use.
    """

    searchDoctype: str | None = None
    searchSender: str | None = None
    searchReceiver: str | None = None
    profileDoctype: str | None = None
    profileSender: str | None = None
    profileReceiver: str | None = None
