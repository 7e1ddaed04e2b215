"""The collaboration that a customer keeps: its rules, its database, and what serves it."""
