"""Parts to an HTML page that says what the PDF says: headings, tables with their heads, figures in words.

The page of the site and a file to keep are made of the same fragment. Nothing in a text is ever markup.
"""
