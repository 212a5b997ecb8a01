"""The blocking half. All modules but ``io`` are generated from ``_async`` by ``unasync.py``."""
