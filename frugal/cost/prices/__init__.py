"""The price sheet: what Azure asks for each meter, in which region, read when, and from where."""
