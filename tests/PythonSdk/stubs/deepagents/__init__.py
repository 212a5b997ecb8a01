"""A stub of deepagents 0.7.8, restated on 2026-11-30 from its sources of 2026-08-21: what podflare.adapters.deepagents uses."""
