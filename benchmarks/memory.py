"""The memory of this process. Imports nothing, because benchmarks of imports use it."""


def most() -> int:
    """The maximum memory of this process, in bytes.

    Avoids `ru_maxrss` where possible: on Linux it starts with the memory of the parent process.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is an import
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except OSError:
        import resource  # noqa: PLC0415 - only where it is needed

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
