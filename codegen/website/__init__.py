"""MkDocs hooks and generators of the documentation site. Not shipped."""
