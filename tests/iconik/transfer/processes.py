"""Transfers in a process of their own, which ends in the middle of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from tgiconik.sandbox import Sandbox

_PROGRAM = """
import asyncio, os, sys
from tgiconik import IconikClient
from tgiconik._http import Retry

async def main(what, after, part):
    def watch(done, total):
        if done >= after:
            os.kill(os.getpid(), 9)

    retry = Retry(attempts=4, base=0.001, cap=0.01)
    async with IconikClient.from_env(rate=None, retry=retry) as iconik:
        iconik.transfer.part_size = part
        iconik.transfer.parallel = 2
        await eval(what, {"transfer": iconik.transfer, "watch": watch})

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


def killed(sandbox: Sandbox, what: str, *, after: int, part: int) -> None:
    """Run a transfer in another process, and kill that when so many bytes are done.

    Args:
        sandbox: the platform, served.
        what: the call, with `transfer` and, as its progress, `watch`.
        after: bytes.
        part: bytes of a part.
    """
    environment: Mapping[str, str] = {**os.environ, **sandbox.environment()}
    command = [sys.executable, "-c", _PROGRAM, what, str(after), str(part)]
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    assert ended.returncode == -signal.SIGKILL, ended.stderr
