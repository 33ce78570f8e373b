"""What the figures of some models say, in sentences: how they do on what was held out, and where they begin to fail."""

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FAILS_BELOW = 0.95  # of accuracy: a length it was trained on, and whose 95 % interval lies below it, it never learned


def held_out(names, reports):
    """Their `report.report` dicts → a sentence on the test side, a leak included."""
    tests = [one["sides"]["test"] for one in reports]
    wrong = [test["total"] - test["correct"] for test in tests]
    totals = {test["total"] for test in tests}
    leaking = [name for name, one in zip(names, reports, strict=True) if one["leaks"]]
    same = all(one.get("operations") == reports[0].get("operations") for one in reports)
    if same and len(totals) == 1 and not any(wrong) and not leaking:
        what = f"all {totals.pop():,} expressions that were held out"
        who = names[0] if len(names) == 1 else "Both" if len(names) == 2 else f"All {_word(len(names))}"
        return f"{who} {'is' if len(names) == 1 else 'are'} right on {what}."
    parts = [
        f"{name} has {count:,} of {test['total']:,} wrong"
        for name, count, test in zip(names, wrong, tests, strict=True)
    ]
    sentence = f"Held out: {', '.join(parts)}."
    if leaking:
        sentence += f" {' and '.join(leaking)} trained on some of them: that figure is no test."
    return sentence


def beyond(names, lengths):
    """Their lists of LengthAccuracy → a sentence on what they were not trained on; "" if there is no such length.

    A model fails at a length whose 95 % interval lies below those of all lengths it was trained on. Nothing is said of
    one that fails within its training.
    """
    first = {}
    for name, rows in zip(names, lengths, strict=True):
        outside = [row for row in rows if not row.trained]
        usual = min((row.low for row in rows if row.trained), default=FAILS_BELOW)
        failed = [row for row in outside if row.high < usual]
        longer = [row for row in failed if row.num_args > max((r.num_args for r in rows if r.trained), default=0)]
        if outside and not any(row.trained and row.high < FAILS_BELOW for row in rows):  # else it does not begin there
            first[name] = (longer or failed or [None])[0]
    if not first:
        return ""
    where = {}
    for name, row in first.items():
        where.setdefault(row.num_args if row else None, []).append(name)
    if len(where) == 1 and len(names) == len(first):
        (length,) = where
        subject = "It" if len(names) == 1 else "Both" if len(names) == 2 else "They all"
        if length is None:
            return f"{subject} hold{'s' if len(names) == 1 else ''} at every length that was asked."
        return f"{subject} {_begin(names)} to fail at {_word(length)} numbers{_sure(list(first.values()))}."
    holding, said = where.pop(None, []), []
    for length, own in sorted(where.items()):
        how = f"at {_word(length)}" if said else f"{_begin(own)} to fail at {_word(length)} numbers"
        said.append(f"{' and '.join(own)} {how}")
    if holding:
        said.append(f"{' and '.join(holding)} hold{'s' if len(holding) == 1 else ''} at every length")
    return f"Beyond what they were trained on, {', '.join(said)}{_sure([row for row in first.values() if row])}."


def _begin(names):
    return "begins" if len(names) == 1 else "begin"


def _sure(rows):
    """Whether those who fail notice: are they, on average, surer than the interval of their accuracy allows?"""
    over = [row.confidence > row.high for row in rows]
    if over and all(over):
        return ", and stays surer than it is right" if len(rows) == 1 else ", and stay surer than they are right"
    return ""


def _word(count):
    return NUMBERS[count] if count < len(NUMBERS) else str(count)
