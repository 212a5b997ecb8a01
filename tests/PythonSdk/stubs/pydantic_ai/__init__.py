"""A stub of pydantic-ai 2.9, restated on 2026-11-30 from its sources of 2026-08-22: what podflare.adapters.pydantic_ai uses."""
