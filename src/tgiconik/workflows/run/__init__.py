"""The parts of every run: clients and policy, lease, trail, concurrency, and how results read."""
