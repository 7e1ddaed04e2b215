"""A progress bar for the steps of workflows."""

from collections.abc import Iterator
from types import TracebackType
from typing import NoReturn, Self

from tgiconik.errors import ConfigurationError
from tgiconik.workflows.run.trail import Step


class ProgressBar:
    """A progress bar for workflows: what is done of the countable work, and the last step.

        result = await fulfill_media_request(…, progress=ProgressBar())

    It counts steps. Where a run knows how many partners, objects or assets it processes, the bar
    says how many are done, and the estimated end. A dry run says so. The bar ends when it is
    garbage-collected or, in a `with` block, at its end; one bar can serve several workflows.

    Args:
        title: the text before the bar.

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
        self._title = title

    def __call__(self, step: Step) -> None:
        """Count a step and show it, with how much is done."""
        if step.dry_run:
            self._bar.set_description_str(f"{self._title} (dry run)".strip(), refresh=False)
        self._bar.set_postfix_str(", ".join([*_how_far(step), str(step)]), refresh=False)
        self._bar.update()

    def close(self) -> None:
        """End the bar. Safe to call twice."""
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


def _how_far(step: Step) -> Iterator[str]:
    if step.total is not None:
        yield f"{step.done:,} of {step.total:,} done"
    if step.ends_at is not None and step.done != step.total:
        yield f"until {step.ends_at:%H:%M:%S} UTC"
