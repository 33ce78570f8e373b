"""The 20 tokens and their fixed ids, and the way from text to ids and back.

>>> tokenize("Max ( 5 3 9 )")
[15, 17, 7, 5, 11, 18]
>>> detokenize([15, 17, 7, 5, 11, 18])
'Max ( 5 3 9 )'
"""

import operator
import re
from functools import lru_cache

VOCABULARY = ("[PAD]", "[EOS]", *"0123456789", "First", "Second", "Last", "Max", "Min", "(", ")", ",")
PAD, EOS = 0, 1  # [EOS] is reserved: nothing reads or emits it
DIGITS = range(2, 12)  # digit d has id d + 2
OPEN, CLOSE, COMMA = 17, 18, 19


@lru_cache(maxsize=64)
def _reader(vocabulary):
    """(token → id, the pattern that matches a token): of two that begin alike, as Max and Maximum, the longer one."""
    longest_first = sorted(vocabulary, key=len, reverse=True)
    return {token: i for i, token in enumerate(vocabulary)}, re.compile("|".join(map(re.escape, longest_first)))


def tokenize(text, vocabulary=VOCABULARY):
    """Text → list of ids, literally: every token as it is spelled, spaces between them optional.

    `vocabulary` is that of a Task; its first 20 tokens are always these. Raises ValueError at the first character that
    begins no token, TypeError for what is no text. `parse_expression` is the forgiving one.
    """
    if not isinstance(text, str):
        raise TypeError(f"tokens are read from text, such as 'Max ( 5 3 9 )'; got {type(text).__name__}")
    known, pattern = _reader(vocabulary)
    ids, position = [], 0
    while position < len(text):
        if text[position] in " \t\r\n":
            position += 1
            continue
        match = pattern.match(text, position)
        if match is None:
            raise ValueError(
                f"{text[position]!r}, position {position + 1}, begins none of the {len(vocabulary)} tokens"
            )
        ids.append(known[match.group()])
        position = match.end()
    return ids


def detokenize(ids, vocabulary=VOCABULARY):
    """Ids → text, the tokens joined by spaces; `tokenize` gives the ids back.

    Raises ValueError for an id outside the vocabulary, TypeError for one that is no whole number.
    """
    ids = [operator.index(i) for i in ids]
    for place, index in enumerate(ids):
        if not 0 <= index < len(vocabulary):
            raise ValueError(f"token ids lie in 0…{len(vocabulary) - 1}, got {index} at place {place}")
    return " ".join(vocabulary[i] for i in ids)
