"""The entries of Lens about files in mailboxes, for as long as the sandbox runs."""

from collections.abc import Callable

from tgiconik.sandbox.store import Document

#: Receives the correlation id of the process whose entry is new or changed.
Listener = Callable[[str], None]


class PassedFiles:
    """Entries of Lens by transaction id. Any thread may read and write them."""

    def __init__(self) -> None:
        self._entries: dict[str, Document] = {}
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Call a listener after every change, in the thread that made it."""
        self._listeners.append(listener)

    def get(self, transaction_id: str) -> Document | None:
        """An entry, or None."""
        return self._entries.get(transaction_id)

    def put(self, entry: Document) -> None:
        """Add an entry, or replace the one with its transaction id."""
        self._entries[entry["transactionid"]] = entry
        for listener in self._listeners:
            listener(entry["correlationid"])

    def all(self) -> tuple[Document, ...]:
        """All entries, the first first."""
        return tuple(self._entries.values())
