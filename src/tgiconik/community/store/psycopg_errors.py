"""Errors of PostgreSQL, without the values and passwords that psycopg's own texts may hold."""

from typing import TYPE_CHECKING, Final

from tgiconik import errors

if TYPE_CHECKING:
    import psycopg

#: Classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_PASSES: Final = (
    "08",  # the connection broke
    "40",  # a deadlock, or a conflict with another transaction
    "53300",  # too many connections
    "55P03",  # a lock was not available
    "57",  # the server is shutting down or starting, or ended the call
)
_FULL: Final = ("53100",)
_READ_ONLY: Final = ("25006", "42501")


def store_error(error: "psycopg.Error", name: str) -> errors.StoreError:
    """The error of ours that stands for one of psycopg's.

    Args:
        error: the error.
        name: of the database, without its password.
    """
    import psycopg  # noqa: PLC0415 - an extra

    state = error.sqlstate or ""
    known = f"{type(error).__name__}{f', SQLSTATE {state}' if state else ''}"
    if state in _FULL:
        return errors.StoreNotWritable(f"{name} was not changed: its disk is full ({known})")
    if state in _READ_ONLY:
        return errors.StoreNotWritable(f"{name} was not changed: it may only be read ({known})")
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if state.startswith(_PASSES) or (not state and lost):
        return errors.StoreUnavailable(
            f"{name} did not finish the call: {_said(error)} ({known}); try again"
        )
    return errors.StoreError(f"{name} failed: {_said(error)} ({known})")


def _said(error: "psycopg.Error") -> str:
    """The server's own first line; of an error without one, that there was no answer."""
    return error.diag.message_primary or "there was no answer"
