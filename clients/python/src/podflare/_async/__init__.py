"""The asyncio half, and the source of the blocking half in ``_sync``."""
