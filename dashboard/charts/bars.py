"""How a share is written."""


def percent(share):
    """0.99987 → "99.99%": never rounds to 100% what isn't, nor to 0% what was given a chance."""
    if share == 0 or share == 1:
        return f"{share:.0%}"
    if share >= 0.9999:
        return "> 99.99%"
    if share < 0.0001:
        return "< 0.01%"
    return f"{100 * share:.{2 if share > 0.99 or share < 0.01 else 1}f}%"
