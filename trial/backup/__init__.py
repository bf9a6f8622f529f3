"""Back-ups of the site: one encrypted file that proves itself, and its way back."""
