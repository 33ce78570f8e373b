"""The parts of the Train page, from top to bottom: setup, what_if, live, watch, microscope, table."""
