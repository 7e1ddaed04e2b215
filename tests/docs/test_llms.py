"""The file `llms.txt`: each page's first sentence."""

import pytest

from codegen.website.llms import summary


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("<h1>Lists</h1><p>Iterate a list. Then stop.</p>", "Iterate a list."),
        ("<p>Call <code>get</code>\nonce &amp; wait:</p><p>Not this.</p>", "Call get once & wait"),
        ('<p><a class="badge" href="#">Runs</a></p><p>Call it.</p>', "Call it."),
        ("<p><img></p><p>See v1.2 here.</p>", "See v1.2 here."),
        ("<h1>Only a heading</h1>", ""),
    ],
)
def test_a_summary_is_the_first_sentence_of_prose(content: str, first: str) -> None:
    assert summary(content) == first
