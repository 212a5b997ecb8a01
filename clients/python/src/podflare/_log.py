"""The package's logger: retries are logged at INFO, and at WARNING once they delay the caller noticeably."""

import logging

LOG = logging.getLogger("podflare")
