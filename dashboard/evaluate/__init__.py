"""The panels of the Evaluate page, one file each. A panel has `draw`, which places it from top to bottom."""
