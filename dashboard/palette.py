"""How models look on every page. Without Altair, so that the sidebar stands while charts are still being imported."""

# Eight colors for models. For any two of them CIE76 ΔE ≥ 18, to normal sight and simulated (Machado et al. 2009)
# protanopia, deuteranopia and tritanopia; among the first four ≥ 32. Each has a contrast of at least 2.5 : 1 on white
# and 3.5 : 1 on our dark page. `config.toml` repeats them as chartCategoricalColors.
PALETTE = ("#0660F2", "#FF770E", "#1FB979", "#C679CB", "#9E60D7", "#75A0A3", "#A45346", "#DB3A00")
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")
GLYPHS = ("●", "■", "▲", "◆", "▼", "✚", "▶", "◀")
