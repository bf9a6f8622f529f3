"""Processes killed at random moments: what was ordered is done once, and nothing half done is ever seen."""
