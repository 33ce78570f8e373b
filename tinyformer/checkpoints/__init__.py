"""Trained models as files, and the folders in which they lie."""
