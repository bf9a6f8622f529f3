"""Pages of the imaging app."""
