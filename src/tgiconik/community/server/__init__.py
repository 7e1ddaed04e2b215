"""A community on a socket: keys, limits, health and log around the contract's surface."""
