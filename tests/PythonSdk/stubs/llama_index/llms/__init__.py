"""A stub of llama-index-core 0.12.44, restated on 2026-11-30: what a CodeActAgent calls."""
