"""How much memory this process has. It imports nothing: who measures imports has it too."""


def most() -> int:
    """The most bytes that this process ever had.

    Not `ru_maxrss` where there is another way: on Linux that begins with what the process had that
    started this one.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is an import
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except OSError:
        import resource  # noqa: PLC0415 - not for those who need none

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
