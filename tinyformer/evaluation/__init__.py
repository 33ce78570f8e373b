"""How often a model is right, and what that is worth."""
