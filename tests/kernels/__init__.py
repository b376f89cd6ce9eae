"""The contract suite: every kernel, on every implementation, against the reference."""
