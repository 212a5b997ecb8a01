import errno
import os

made = 0
try:
    while made < 100_000:
        os.close(os.open(f"/tmp/{made}", os.O_CREAT))
        made += 1
    print("broken: 100,000 files in /tmp")
except OSError as error:
    print("held" if error.errno == errno.ENOSPC else f"refused by something else: {error}")
