"""What the figures of some models say, in sentences: how they do on what was held out, and where they begin to fail."""

from tinyformer.evaluation.intervals import wilson_interval

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

    A model fails at a length whose 95 % interval lies below that of all it was trained on, taken together. Nothing is
    said of one that fails within its training, or of whose training nothing is known.
    """
    more, fewer, holding = {}, {}, []  # name → the row at which it fails that is nearest to its training
    for name, rows in zip(names, lengths, strict=True):
        trained, outside = ([row for row in rows if row.trained == known] for known in (True, False))
        if not trained or not outside or any(row.high < FAILS_BELOW for row in trained):
            continue
        usual, _ = wilson_interval(sum(row.correct for row in trained), sum(row.total for row in trained))
        failed, most = [row for row in outside if row.high < usual], max(row.num_args for row in trained)
        holding += [] if failed else [name]
        for row in failed:  # from short to long
            if row.num_args > most:
                more.setdefault(name, row)
            else:
                fewer[name] = row
    said = _with_more(names, more, holding)
    if fewer:
        who = {"it" if len(names) == 1 else name: row for name, row in fewer.items()}
        said.append(f"With fewer, {_where(who, 'fails', 'fail')}.")
    return " ".join(said)


def _with_more(names, failing, holding):
    """[a sentence], or [] where there is nothing to say."""
    alone = len(names) == 1
    subject = "It" if alone else "Both" if len(names) == 2 else "They all"
    if len(holding) == len(names):
        return [f"{subject} hold{'s' if alone else ''} at every length that was asked."]
    sure = _sure(list(failing.values()))
    if len(failing) == len(names) and len({row.num_args for row in failing.values()}) == 1:
        verb = "begins to fail" if alone else "begin to fail"
        return [f"{_where({subject: failing[names[0]]}, verb, verb)}{sure}."]
    said = [f"{' and '.join(holding)} hold{'s' if len(holding) == 1 else ''} at every length"] if holding else []
    said += [_where(failing, "begins to fail", "begin to fail") + sure] if failing else []  # last: `sure` is of them
    return [f"With more numbers than they were trained on, {', '.join(said)}."] if said else []


def _where(rows, one, several):
    """{name: the row at which it fails}, the verb for one and for several → "a fails at four numbers, b at five"."""
    said = []
    for length in sorted({row.num_args for row in rows.values()}):
        own = [name for name, row in rows.items() if row.num_args == length]
        verb = "" if said else f"{one if len(own) == 1 else several} "
        said.append(f"{' and '.join(own)} {verb}at {_word(length)}{'' if said else ' numbers'}")
    return ", ".join(said)


def _sure(rows):
    """Whether those who fail notice: are they, on average, surer than the interval of their accuracy allows?"""
    over = [row.confidence > row.high for row in rows]
    if over and all(over):
        return ", and stays surer than it is right" if len(rows) == 1 else ", and stay surer than they are right"
    return ""


def _word(count):
    return NUMBERS[count] if count < len(NUMBERS) else str(count)
