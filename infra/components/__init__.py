"""Components, one a file; they import neither settings nor stacks."""
