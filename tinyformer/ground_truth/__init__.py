"""Models written by hand, whose circuit is known, and how much of it each method of `interpret` finds."""
