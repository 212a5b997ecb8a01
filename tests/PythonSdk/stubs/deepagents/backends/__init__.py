"""A stub of deepagents.backends 0.7.8 (2026-08-21)."""
