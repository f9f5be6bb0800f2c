"""What `make bench` runs: tables of ratios; nothing asserted about time."""
