"""How long a session lives, what counts as a person doing something, and what becomes of a form sent too late."""
