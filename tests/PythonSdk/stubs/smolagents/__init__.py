"""A stub of smolagents 1.27.0.dev0, restated on 2026-11-30 from its sources of 2026-07-11: what podflare.adapters.smolagents uses."""
