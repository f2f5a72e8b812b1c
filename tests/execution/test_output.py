"""Output: of what a subject prints a few lines are shown, however much it is."""

from parity.execution.output import LONGEST_LINE, MORE, SHOWN_LINES, Excerpt, last_lines


def test_first_lines_are_shown_over_all_questions() -> None:
    """The limit holds for all output of a run together, and one note says that there is more."""
    excerpt = Excerpt()
    texts = [f"line {number}\n" for number in range(SHOWN_LINES + 3)]
    shown = [excerpt.of(text) for text in texts]
    assert shown == [*texts[:SHOWN_LINES], f"{MORE}\n", "", ""]


def test_little_output_is_shown_as_it_is() -> None:
    """As many lines as are allowed come without a note; blank ones do not count."""
    text = "line\n" * SHOWN_LINES
    assert Excerpt().of(f"\n{text}") == text


def test_progress_bar_is_cut() -> None:
    """A bar that returns to the beginning of its line is many lines, and a long line is cut."""
    bar = "".join(f"\r{percent}%" for percent in range(100))
    assert Excerpt().of(bar).splitlines() == [f"{n}%" for n in range(SHOWN_LINES)] + [MORE]
    assert len(Excerpt().of("x" * 10_000)) == LONGEST_LINE + 1


def test_last_words_of_a_process_are_its_last_lines() -> None:
    """Where a process has ended, its last lines may say why."""
    text = "".join(f"{number}\n" for number in range(100))
    assert last_lines(text).splitlines() == [str(n) for n in range(100 - SHOWN_LINES, 100)]
