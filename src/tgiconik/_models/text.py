"""Text that can be written down."""


def writable(text: str) -> str:
    """The text with every half of a character replaced: JSON can carry those, UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
