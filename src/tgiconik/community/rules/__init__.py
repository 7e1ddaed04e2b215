"""The rules of the collaboration contract: what each operation checks, writes and answers."""
