"""The parts of the page Explore Attention, one module for each section. A section draws what `subjects` gives it."""
