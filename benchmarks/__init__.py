"""Benchmarks, each a separate command such as `python -m benchmarks.transfer`.

Every figure is a ratio of two things measured in one run on one machine.
"""
