"""Errors of libraries below as causes of ours: without the frames that they came through."""


def without_traceback(error: Exception) -> Exception:
    """An error of a library below as the cause of ours, without the frames that it came through.

    Their local variables are headers and bodies, whole.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def reason(error: Exception) -> str:
    """Why an error of a library below was raised; some leave that to the errors behind them."""
    behind: BaseException | None = error
    while behind is not None and not str(behind):
        behind = behind.__cause__ or behind.__context__
    return f"{type(error).__name__}: {behind or 'no reason given'}"
