"""The synthetic cohort of the demo: published numbers, invented people."""
