"""Progress on standard error: a bar that moves where a person is watching, a line now and then where not."""

import sys
import time

from tinyformer.cli import terminal
from tinyformer.cli.tables import bar, duration

SECONDS_BETWEEN = 0.1


class Progress:
    """`with Progress(total, "seed 42") as progress: progress.update(done, "loss 0.12")`.

    On a terminal, `update` draws a bar with the time that is left; elsewhere it is silent and `milestone` prints.
    """

    def __init__(self, total, label):
        self.total, self.label = total, label
        self.watched = sys.stderr.isatty()
        self.begin, self.drawn_at, self.columns = time.monotonic(), 0.0, 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.clear()

    def update(self, done, note=""):
        """`done` of `total`. Drawn at most ten times a second."""
        now = time.monotonic()
        if not self.watched or (now - self.drawn_at < SECONDS_BETWEEN and done < self.total):
            return
        self.drawn_at = now
        left = (now - self.begin) * (self.total - done) / max(done, 1)
        share = done / max(self.total, 1)
        end = f" {share:4.0%}  {note}  {duration(left)} left" if done else f" {share:4.0%}  {note}"
        available = terminal.width() - 1
        room = available - len(self.label) - 1 - len(end)
        line = f"{self.label} {bar(share, min(room, 24))}{end}" if room >= 6 else f"{self.label}{end}"
        self._draw(line[:available])

    def milestone(self, text):
        """A line that stays, for those who read a log: not where the bar is."""
        if not self.watched:
            terminal.say(f"{self.label} {text}")

    def clear(self):
        """Remove the bar."""
        if self.columns:
            self.columns += len("^C")  # which the terminal may have put behind it
            self._draw("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _draw(self, line):
        # Overwritten with spaces rather than erased by a control sequence, which NO_COLOR users may not want.
        sys.stderr.write("\r" + line.ljust(self.columns))
        sys.stderr.flush()
        self.columns = len(line)
