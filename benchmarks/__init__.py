"""Benchmarks of `make bench`: tables of ratios, without assertions about time."""
