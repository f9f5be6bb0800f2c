"""Components: one idea a file; they know nothing of settings or stacks."""
