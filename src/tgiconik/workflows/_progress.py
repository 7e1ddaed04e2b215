"""A workflow's steps as a bar: in a notebook as a widget, in a terminal as a line."""

from types import TracebackType
from typing import NoReturn, Self

from tgiconik.errors import ConfigurationError
from tgiconik.workflows._trail import Step


class ProgressBar:
    """Counts the steps of workflows, and shows the last one.

        result = await fulfill_media_request(…, progress=ProgressBar())

    How many steps there will be is not known before, so it shows no percentage. It ends when
    nothing holds it any more; in a `with` block, it ends with that, and can go along with several
    workflows.

    Args:
        title: what stands before it.

    Raises:
        ConfigurationError: tqdm is not installed.
    """

    def __init__(self, title: str = "") -> None:
        try:
            from tqdm.auto import tqdm  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ConfigurationError(
                'ProgressBar needs tqdm: pip install "tgiconik[progress]"'
            ) from error
        bar: tqdm[NoReturn] = tqdm(desc=title or None, unit=" steps")
        self._bar = bar

    def __call__(self, step: Step) -> None:
        """A step happened."""
        self._bar.set_postfix_str(str(step), refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Leave it as it is. Safe to call twice."""
        self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
