"""Parts to PDF pages. Worker side only."""
