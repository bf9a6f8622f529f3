"""The database of each release, small and synthetic: what was entered with it must be read by every later program."""
