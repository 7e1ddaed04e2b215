"""Lines are sorted, however many there are and however little memory."""

from hypothesis import given
from hypothesis import strategies as st

from tgiconik.workflows.audit.join import ExternalSort

LINES = st.lists(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))


@given(LINES, st.integers(1, 40), st.integers(1, 3))
def test_lines_come_out_sorted_and_complete(
    lines: list[str], in_memory: int, most_runs: int
) -> None:
    with ExternalSort(in_memory=in_memory, most_runs=most_runs) as runs:
        for line in lines:
            runs.add(line)

        assert list(runs.sorted()) == sorted(lines)


def test_runs_are_merged_before_there_are_too_many_files() -> None:
    with ExternalSort(in_memory=1, most_runs=3) as runs:
        for number in range(100):
            runs.add(f"{number % 10} {number:03}")
            assert len(runs._files) <= 3
        assert len(list(runs.sorted())) == 100


def test_lines_can_be_read_again() -> None:
    with ExternalSort(in_memory=4) as runs:
        for line in ("b", "a", "c", "dddd", "e"):
            runs.add(line)

        assert list(runs.sorted()) == list(runs.sorted())
