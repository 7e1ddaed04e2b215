"""The look that all pages of the package share: reports, the sandbox's page and the worker's.

`base.css` has the colours, text, focus, forms and tables of every page. `report` builds reports,
which are one file each and open offline.
"""

from importlib.resources import files


def own_file(package: str, name: str) -> str:
    """A style or script that is part of the package.

    Args:
        package: the package that it is in.
        name: its file name.
    """
    return files(package).joinpath(name).read_text("utf-8")


def base_style() -> str:
    """The style that all pages begin with."""
    return own_file(__package__, "base.css")
