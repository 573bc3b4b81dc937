from hypothesis import example, given, settings
from hypothesis import strategies as st

from pivotmine.text.segments import MAX_SEGMENT_CHARS, split_segments

# Texts that mix what the splitter looks for with everything else.
texts = st.one_of(
    st.text(),
    st.text(alphabet=" \n\r\t.!?。！？」)\"'abcZ1，あ漢…", max_size=200),
    st.lists(st.sampled_from(["a" * 700, " " * 700, "。", ". ", "\n", " \n ", "B"])).map("".join),
)


@settings(deadline=None)
@given(texts)
@example(" " * 3000 + "x")
@example("x" + " " * 3000)
def test_segments_tile_the_text(text: str) -> None:
    assert "".join(split_segments(text)) == text


@settings(deadline=None)
@given(texts)
def test_no_segment_is_blank_unless_the_text_is(text: str) -> None:
    segments = split_segments(text)
    assert segments == [text] if text.isspace() else not any(s.isspace() for s in segments)
    assert "" not in segments


@settings(deadline=None)
@given(texts)
def test_a_segment_is_bounded_apart_from_its_blanks(text: str) -> None:
    assert all(len(segment.strip()) <= MAX_SEGMENT_CHARS for segment in split_segments(text))


def test_a_line_keeps_its_newlines_and_blank_lines() -> None:
    assert split_segments("one\r\n\n  \ntwo\n  three") == ["one\r\n\n  \n", "two\n", "  three"]


def test_leading_blanks_open_the_first_segment() -> None:
    assert split_segments("\n \n one") == ["\n \n one"]


def test_the_space_after_a_stop_opens_the_next_segment() -> None:
    text = 'It works. Does it? "Yes!" Good… Then go.'
    assert split_segments(text) == ["It works.", " Does it?", ' "Yes!"', " Good…", " Then go."]


def test_full_width_stops_need_no_space_and_keep_their_closing_quotes() -> None:
    assert split_segments("好的。真的？！「はい。」次") == [
        "好的。",
        "真的？！",
        "「はい。」",
        "次",
    ]


def test_french_spaced_stops_end_a_sentence() -> None:
    assert split_segments("Vraiment ? Oui.") == ["Vraiment ?", " Oui."]


def test_abbreviations_initials_and_list_numbers_do_not_end_a_sentence() -> None:
    for text in (
        "Mr. Smith and Mme. Curie met J. Doe",
        "see fig. 3, e.g. The one on the left",
        "1. Open the file",
        "version 2.0 of file.txt is here",
        "etc. and so on",
    ):
        assert split_segments(text) == [text]


def test_a_number_of_more_digits_ends_a_sentence() -> None:
    assert split_segments("It began in 1990. Then") == ["It began in 1990.", " Then"]


def test_text_without_stops_is_cut_at_blanks() -> None:
    segments = split_segments("word " * 1000)
    assert len(segments) > 1
    assert all(segment.startswith((" word", "word")) for segment in segments)


def test_a_megabyte_of_one_character_is_cut_in_linear_time() -> None:
    # Would take minutes, not milliseconds, if the scan were quadratic.
    for unit in (".", " ", "\n", "。", ". ", ".)", "\n ", "a"):
        text = unit * (1_000_000 // len(unit))
        assert "".join(split_segments(text)) == text
