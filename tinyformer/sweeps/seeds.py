"""A list of seeds, as people write it: `42, 123, 7`, or `1-8`, or both."""

import re

MOST_SEEDS = 1_000


def parse_seeds(text):
    """→ tuple of different whole numbers, in the order given. ValueError that names the part that is wrong.

    >>> parse_seeds("42, 123, 7")
    (42, 123, 7)
    >>> parse_seeds("1-4, 3, 9")
    (1, 2, 3, 4, 9)
    """
    seeds = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,18})\s*(?:[-–]\s*([0-9]{1,18})\s*)?", part)
        if not match:
            got = part.strip()[:40]
            raise ValueError(f'seeds are whole numbers such as 42, 123, 7 or a range such as 1-8, got "{got}"')
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f'a range of seeds goes upwards, got "{part.strip()}": try {last}-{first}')
        if last - first + len(seeds) >= MOST_SEEDS:
            raise ValueError(f"at most {MOST_SEEDS:,} seeds at a time")
        seeds |= dict.fromkeys(range(first, last + 1))
    return tuple(seeds)
