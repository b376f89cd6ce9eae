"""Benches: a file per kernel family, peers as columns; report.py writes docs/benchmarks.md."""
