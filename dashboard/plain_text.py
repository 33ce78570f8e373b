"""Text from outside as text: of a link, a file's name, a checkpoint, a run, a table, a field, an error that quotes it.

Streamlit reads nearly all its texts as Markdown: labels, help, captions, warnings, the options of radio buttons and of
segmented controls. `plain` is for these, `html` for `st.html`. Options of select boxes, `st.code` and the cells of data
frames are text already. `tests/test_plain_text.py` looks at every call of every page.
"""

import re
from html import escape

LONGEST = 400  # characters of one text; more is not read but scrolled past
JOINER = "\u2060"  # a character that is not seen
# A backslash takes their meaning away: of these anywhere, of others where a line begins. An underscore within a word
# has none, nor has a colon before a space: names and sentences stay as they are.
_MEANING = re.compile(r"[\\`*\[\]<>&$~|]|:(?=\S)|(?<![^\W_])_|_(?![^\W_])|^[-+=#]")
_NUMBER = re.compile(r"^(\d+)([.)])")
# These are looked for when the backslashes are gone: links without brackets, :icons:, and arrows made of characters.
_LOOKED_FOR = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)|(?<=[-<>~])(?=\\?[-=>])", re.IGNORECASE)


def visible(text):
    """In one line, with � for each character that would not be seen or would turn the line around, and not too long."""
    text = " ".join(str(text).split())
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return "".join(character if character.isprintable() else "�" for character in text)


def plain(text):
    """For what is read as Markdown: shown as it is written, whatever it says."""
    text = _NUMBER.sub(r"\1\\\2", _MEANING.sub(r"\\\g<0>", visible(text)))
    return _LOOKED_FOR.sub(JOINER, text)


def html(text):
    """For what is read as HTML."""
    return escape(visible(text))
