"""Where a community is kept: one interface, in SQLite or in PostgreSQL."""
