"""Decoding without the cyclic collector looking on.

A page of a few hundred objects is tens of thousands of new containers, none of them garbage, and
Python looks for garbage among them, and now and then in the whole heap, every few hundred: a fifth
to a half of the time that decoding takes. The collector is put off, not left out: it looks at the
page once, when it next runs.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Put the cyclic collector off for a while; not for anything that awaits.

    Where the program has switched it off, it stays off. Two threads may be within at once: the
    first to leave switches it on, which costs the other one time and nothing else.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
