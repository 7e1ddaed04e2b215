"""The faults of a network of mailboxes."""

import attrs


@attrs.define
class MailboxFaults:
    """The faults of the network from now on. By default, there are none.

    Attributes:
        lens_is_late: Lens shows files only after `MailboxNetwork.catch_up`.
        is_slow: files arrive only after `catch_up`.
        is_out_of_order: what `catch_up` brings, it brings in the reverse order.
        duplicates: each file arrives a second time, under another name.
        half_written: of each file, the first half arrives, and the rest with `catch_up`.
        holds: files are put on hold and do not arrive.
        fails: files fail with this error text.
        refuses_as_invalid: files are refused as invalid with this error text.
        knows_duplicates: a file of a name that was sent before is refused as a duplicate.
        stays_on_read: a file that was read stays where it is, instead of being moved.
        refuses_rename: renaming is refused.
        errors_after_rename: renaming works, and is answered with an error.
        is_full: the disk is full.
        drops: the connection ends in the middle of so many of the next reads and writes.
    """

    lens_is_late: bool = False
    is_slow: bool = False
    is_out_of_order: bool = False
    duplicates: bool = False
    half_written: bool = False
    holds: bool = False
    fails: str = ""
    refuses_as_invalid: str = ""
    knows_duplicates: bool = False
    stays_on_read: bool = False
    refuses_rename: bool = False
    errors_after_rename: bool = False
    is_full: bool = False
    drops: int = 0
