# as root
import errno
import os

try:
    os.rename("/podflare/s/s", "/podflare/s/t")
    print("broken: the socket was replaced")
except OSError as error:
    print("held" if error.errno == errno.EROFS else f"refused by something else: {error}")
