"""The parts of the Train page, from top to bottom: setup, live, what_if, watch, one_step, table."""
