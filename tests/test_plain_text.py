"""Text from outside is shown as text: what makes it plain, and a law that finds the place that does not use it."""

import ast
from html import unescape
from pathlib import Path

import pytest
from outside_text import Module

from dashboard.plain_text import JOINER, LONGEST, html, plain, visible

DASHBOARD = Path(__file__).resolve().parents[1] / "dashboard"
# What the reader cannot follow, each looked at: words of our own source, and numbers.
LESSON = {"lesson.text", "lesson.answers", "lesson.todo", "lesson.because", "number"}
CHECK = {
    "result.name",
    "result.where",
    "result.begins",
    "expected",
    "bug.what",
    "bug.caught_by",
    "spoiled.stopped",
    "pairs.better",
    "pairs.worse",
}
PATHS = {
    "told(*names, largest_difference(routes[0], routes[other]))",
    "circuit.every_edge",
}
LOOKED_AT = {
    # Names of measures, sides and operations are words of ours: an operation's is checked to be one.
    "explore/ablation.py": {"effect", "asked"},
    "explore/background.py": {"ask"},
    "explore/circuits.py": {"told(number, layer, limit)"},
    "explore/explanation.py": {"lines"},
    "explore/known.py": {"lines", "numbered", "'; '.join(filter(None, told))"},
    "explore/paths.py": PATHS,
    "explore/reads.py": {"found.told", "name"},
    "explore/patching.py": {"num_args", "parts"},
    "explore/sections.py": {"section.views"},
    "explore/subsets.py": {"effect", "smallest"},
    "lab/adam.py": {"written"},
    "lab/backward.py": {"sizes"},
    "lab/frame.py": {"bench.paragraph", "title", "formula"},
    "lab/inputs.py": {"name"},
    "explore/subjects.py": {"map(str, steps)"},
    "lab/layer_norm.py": {"norm"},  # "pre" or "post": that was checked when it was loaded
    "lab/lesson_page.py": LESSON | {"which"},
    "lab/multi_head.py": {"words[t]"},
    "lab/numbers.py": {"clickable", "name", "i", "j", "_in_words(shown[name], i, j)", "cause.text"},
    "lab/sabotage_page.py": CHECK,
    "lab/tokenizer.py": {"tokens", "word"},
    "looks.py": {"json.dumps(kept).encode()"},  # into a file
    "train/keep.py": {"text"},  # what `say` was given
    "train/setup.py": {"limits.statement(first, *place)", "limits.in_words(sentence)"},  # own words
    "views/train.py": {"visitors.mode()"},  # own words
    "visitors.py": {"cookie"},
}


def offences(source, looked_at=()):
    return [text for _, text in Module(ast.parse(source), looked_at).offences()]


def test_every_text_from_outside_is_made_plain():
    found = {}
    for path in sorted(DASHBOARD.rglob("*.py")):
        name = path.relative_to(DASHBOARD).as_posix()
        if lines := Module(ast.parse(path.read_text(encoding="utf-8")), LOOKED_AT.get(name, ())).offences():
            found[name] = lines
    assert found == {}, "put plain(…) or html(…) of dashboard.plain_text around what comes from outside"


def test_nothing_is_excused_that_needs_no_excuse():
    for name, excused in LOOKED_AT.items():
        tree = ast.parse((DASHBOARD / name).read_text(encoding="utf-8"))
        for one in excused:
            assert Module(tree, excused - {one}).offences(), (name, one)


@pytest.mark.parametrize(
    "line",
    [
        "st.error(str(error))",
        "st.error(f'Not saved: {error}')",
        "place.caption(shown.name)",
        "st.markdown('**' + name + '**')",
        "st.markdown('%s' % name)",
        "st.markdown(', '.join(names))",
        "st.markdown('|'.join([header, *lines]))",
        "st.segmented_control('Model', names)",
        "st.segmented_control('Model', options=names)",
        "st.radio('Model', names, format_func=str)",
        "st.button('Save', help=name)",
        "st.progress(0.5, name)",
        "st.progress(0.5, text=name)",
        "st.metric('Loss', name)",
        "st.html(f'<b>{name}</b>')",
        "components.how_to_read(name)",
        "keep.say(f'Saved as {name}')",
        "st.info(words(name))\ndef words(name):\n  return f'{name} is here'",
        "def draw(name):\n  text = 'no'\n  if name:\n    text = name\n  st.info(text)",
        "def draw(runs):\n  for run in runs:\n    st.info(run)",
        "lines = []\nlines.append(name)\nst.info(', '.join(lines))",
        "lines = {}\nlines['x'] = name\nst.info(', '.join(lines.values()))",
        "st.info(f'{name:>20}')",
        "st.info(f'{name!r}')",
        "st.info('x' if good else name)",
    ],
)
def test_a_text_that_is_not_made_plain_is_seen(line):
    assert offences(line)


@pytest.mark.parametrize(
    "line",
    [
        "st.error(plain(error))",
        "st.info(f'{plain(name)}: {share:.1%} of {count:,}, {len(names)}')",
        "st.info(', '.join(map(plain, names)))",
        "st.info(WORDS[name])",
        "st.html(f'<b>{html(name)}</b>')",
        "st.selectbox('Model', names)",
        "st.segmented_control('Model', names, format_func=plain)",
        "def draw(name):\n  words = 'yes' if name else 'no'\n  st.info(f'{words}, {plain(name)}')",
        "for a, b in (('x', 1), ('y', 2)):\n  st.metric(a, f'{b:.2f}')",
    ],
)
def test_what_is_our_own_is_left_alone(line):
    assert not offences(line)


def test_usual_names_and_sentences_stay_as_they_are():
    for text in (
        "seed-42",
        "my_model v1.2 (saved)",
        "Max ( 5 3 9 )",
        "broken.npz: not a checkpoint, 12 bytes",
        "Größe 3 %",
    ):
        assert plain(text) == text


@pytest.mark.parametrize(
    "text",
    ["![](//host/a.png)", "[a](http://host)", "<b>", "**b**", "a_b_ _c_", "`c`", "$x$", "~~s~~", "# h", "- x", "1. x",
     "| a |", ":red[x]", ":material/delete:", "&amp;", "http://host", "www.host.org", "me@host.org", "\\*"],
)  # fmt: skip
def test_what_is_plain_reads_as_it_was_written(text):
    """Backslashes before punctuation are Markdown's own way of saying: this character, without its meaning."""
    shown, characters = "", iter(plain(text))
    for character in characters:
        shown += next(characters) if character == "\\" else character
    assert shown.replace(JOINER, "") == text
    assert plain(text) != text
    assert unescape(html(text)) == text


def test_what_cannot_be_seen_is_seen_and_lines_become_one():
    assert visible("a\u202eb\u200bc\x00d") == "a�b�c�d"
    assert visible("a\n\n# b\tc\r\nd") == "a # b c d"
    assert len(visible("x" * 10**6)) == LONGEST + 1
    assert visible(ValueError("two\nlines")) == "two lines"
    assert visible("\ud800") == "�"
