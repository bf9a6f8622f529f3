"""The participants' pages: each view permits, validates, serves and renders."""
