"""Many trainings of one kind side by side, and the table of what came out."""
