"""The terminal: how wide it is, whether it has colors, and how text reaches one that cannot show all characters."""

import codecs
import difflib
import os
import re
import shutil
import sys
import textwrap

try:
    import termios
except ImportError:  # Windows
    termios = None

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
# One for one, so that tables stay aligned where a terminal has ASCII only.
ASCII = str.maketrans("█▓▒░▉▊▋▌▍▎▏·×–→…√", "#+:.####   .x->.v")
NARROWEST, WIDEST = 40, 100


class UsageError(Exception):
    """The user asked for what cannot be done. Its text is the one line that is shown; the exit status is 2."""


def none_of_that_name(what, name, known):
    """The UsageError that says so, and which is close or which there are."""
    close = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    return UsageError(f"there is no {what} {name!r}: {hint}")


def prepare_streams():
    """Let no character be an error: what a stream cannot encode becomes an ASCII one that looks like it, or `?`, and
    what is not of the input's encoding is read as `\\xff`. UsageError if standard output is closed."""
    # Closed ones are None, and the next file that is opened would get their number: what Python or a library writes to
    # standard error would land in it.
    closed = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for name in closed:
        setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    if "stdout" in closed:
        raise UsageError("standard output is closed, so there is nowhere to write to: try > /dev/null")
    codecs.register_error("lookalike", _lookalike)
    for stream, errors in ((sys.stdin, "backslashreplace"), (sys.stdout, "lookalike"), (sys.stderr, "lookalike")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def _lookalike(error):
    text = error.object[error.start : error.end].translate(ASCII)
    return "".join(character if character.isascii() else "?" for character in text), error.end


def width():
    """Columns to write in: those of the terminal, within reason."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


def has_colors():
    """Whether standard output shows colors, and its reader wants them (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_light():
    """Whether the terminal says that its background is light. Most say nothing."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def paint(text, *styles):
    """`text` in bold, dim, red, …; plain where there are no colors."""
    if not styles or not has_colors():
        return text
    return f"\x1b[{';'.join(CODES[style] for style in styles)}m{text}\x1b[0m"


def length(text):
    """The number of columns a text takes: colors take none."""
    return len(re.sub(r"\x1b\[[0-9;]*m", "", text))


def pad(text, columns, align="<"):
    """Fill up with spaces, on the right ("<"), on the left (">") or on both sides ("^")."""
    missing = max(0, columns - length(text))
    left = {"<": 0, ">": missing, "^": missing // 2}[align]
    return " " * left + text + " " * (missing - left)


def one_line(text, longest=400):
    """A message of any content as one line that cannot steer the terminal."""
    line = "".join(c if c.isprintable() else " " for c in str(text))
    line = re.sub(r"  +", " ", line).strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"


def say(message, stream=None):
    """One line to standard error, where messages go; results go to standard output."""
    print(one_line(message), file=stream or sys.stderr, flush=True)


def ask(prompt):
    """A line from the terminal. Keys that were pressed before it was asked for answer nothing. EOFError at the end."""
    if termios and sys.stdin.isatty():
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    print(prompt, end="", flush=True)
    return typed()


def typed(prompt=""):
    """`input`, after which the next line is a new one, also when it was ended by Ctrl-C or Ctrl-D."""
    try:
        return input(prompt)
    except (KeyboardInterrupt, EOFError):
        print()
        raise


def explain(text):
    """A paragraph, wrapped."""
    print(textwrap.fill(text, width(), initial_indent="  ", subsequent_indent="  "))


def heading(text):
    """A line that begins a part."""
    print(f"\n{paint(text, 'bold')}")
