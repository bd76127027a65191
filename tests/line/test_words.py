"""Words that a field never contains: the automaton against searching each text."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from chatfmt.line.characters import Characters
from chatfmt.line.words import ExcludedWords, Word

LETTERS = "ab\n"
OTHER = "x"  # stands in no word
KINDS = Characters([LETTERS])

WORDS = st.builds(
    Word, st.text(LETTERS, min_size=1, max_size=4), begins=st.booleans(), ends=st.booleans()
)
TEXTS = st.text(LETTERS + OTHER, max_size=9)


def holds(text: str, words: list[Word]) -> bool:
    """Whether a text that may go on holds a word already."""
    tied = [word for word in words if not word.ends]
    return any(text.startswith(w.text) if w.begins else w.text in text for w in tied)


def is_field(text: str, words: list[Word]) -> bool:
    """Whether a whole field may be this text."""
    tied = [word for word in words if word.ends]
    at_end = any(text == w.text if w.begins else text.endswith(w.text) for w in tied)
    return not (at_end or holds(text, words))


def walked(guard: ExcludedWords, text: str) -> int | None:
    """The state after a text; None where a word was complete on the way."""
    state = guard.begin
    for character in text:
        ways = [*guard.steps(state, KINDS.kind(character))]
        if not ways:
            return None
        [(_, state)] = ways
    return state


@given(st.lists(WORDS, max_size=4), TEXTS)
@example([Word("aba"), Word("b")], "aaba")
@example([Word("a", begins=True, ends=True), Word("ab")], "aab")
@example([Word("ab", begins=True), Word("b", ends=True)], "bab")
@example([Word("abab"), Word("ba", begins=True)], "aabab")
def test_it_says_what_a_search_of_the_text_says(words: list[Word], text: str) -> None:
    guard = ExcludedWords(words, KINDS)
    state = walked(guard, text)
    assert (state is None) == holds(text, words)
    if state is None:
        return
    assert guard.may_end(state) == is_field(text, words)
    if text:
        assert state in [*guard.states]


@given(st.lists(WORDS, max_size=4), TEXTS)
@example([Word("aab")], "aaa")
@example([Word("ab", begins=True), Word("b\n")], "ab")
def test_it_holds_back_the_longest_beginning_of_a_fence(words: list[Word], text: str) -> None:
    guard = ExcludedWords(words, KINDS)
    fences = [word.text for word in words if not (word.begins or word.ends)]
    assert guard.fences == fences
    state = walked(guard, text)
    if state is None:
        return
    endings = [text[i:] for i in range(len(text) + 1)]
    held = next(e for e in endings if not e or any(fence.startswith(e) for fence in fences))
    assert guard.held(state) == held
    for fence in fences:
        assert guard.completes(state, fence) == (text + fence[-1]).endswith(fence)


@given(st.lists(WORDS, max_size=4), TEXTS, st.sets(st.sampled_from(LETTERS + OTHER)))
def test_several_kinds_at_once_lead_where_each_leads(
    words: list[Word], text: str, several: set[str]
) -> None:
    guard = ExcludedWords(words, KINDS)
    state = walked(guard, text)
    if state is None:
        return
    apart = {c: [following for _, following in guard.steps(state, KINDS.kind(c))] for c in several}
    ways = [*guard.steps(state, KINDS.kinds_of("".join(several)))]
    together = {c: [to for kinds, to in ways if kinds & KINDS.kind(c)] for c in several}
    assert together == apart


def leads(guard: ExcludedWords, text: str, following: str) -> list[str]:
    """With what of the words the text ends after one more of these characters."""
    state = walked(guard, text)
    assert state is not None
    return sorted(guard.prefixes[to] for _, to in guard.steps(state, KINDS.kinds_of(following)))


def test_where_the_characters_of_a_few_words_lead() -> None:
    guard = ExcludedWords([Word("aba"), Word("abb"), Word("b\n")], KINDS)
    assert guard.prefixes == ["", "a", "ab", "aba", "abb", "b", "b\n"]
    assert [guard.prefixes[state] for state in guard.states] == ["", "a", "ab", "b"]
    assert leads(guard, "", "a") == ["a"]  # nothing but the letter of a word
    assert leads(guard, "", "ax") == ["", "a"]
    assert leads(guard, "xab", "ab\n") == []  # each completes a word
    assert leads(guard, "xab", "abx") == [""]
    assert leads(guard, "aa", "b") == ["ab"]
    assert walked(guard, "ab\n") is None


def test_a_field_that_is_not_empty_does_not_begin_with_a_fence() -> None:
    guard = ExcludedWords([Word("ab")], KINDS, empty=False)
    at_once, later = walked(guard, "a"), walked(guard, "xa")
    assert at_once is not None
    assert later is not None
    assert (guard.completes(at_once, "ab"), guard.completes(later, "ab")) == (False, True)
    assert leads(guard, "a", "abx") == ["", "a"]
    assert walked(guard, "ab") is walked(guard, "xab") is None


def test_how_long_a_field_may_be_in_each_state() -> None:
    guard = ExcludedWords([Word("abb", begins=True, ends=True)], KINDS)
    found = {guard.prefixes[state][1:]: [*guard.lengths(state, 2)] for state in guard.states}
    assert found == {"": [1, 2], "a": [1], "ab": [2], "abb": []}
