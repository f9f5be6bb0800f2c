"""An estimate for people and for programs: a table, a page, a comment, a document."""
