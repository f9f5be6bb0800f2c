"""`frugal compare`: one site on each host, where they cost the same, and what to make of it."""
