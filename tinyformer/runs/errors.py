"""The one error of this package that says: not with this directory."""


class RunError(ValueError):
    """A run directory that is damaged, or cannot do what it was asked to. One line: which run, and why."""
