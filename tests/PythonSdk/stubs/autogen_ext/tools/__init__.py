"""A stub of AutoGen 0.7.5, restated on 2026-11-30 from its sources of 2026-04-06."""
