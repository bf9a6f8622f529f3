"""The accounts of a site as its administrator keeps them: opened, given roles, closed; never deleted."""
