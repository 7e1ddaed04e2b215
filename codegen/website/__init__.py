"""What the documentation's site is built with, beside MkDocs. It is not shipped."""
