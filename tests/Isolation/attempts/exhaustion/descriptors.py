import errno
import os

opened = 0
try:
    while opened < 30_000:
        os.open("/dev/null", os.O_RDONLY)
        opened += 1
    print("broken: 30,000 descriptors")
except OSError as error:
    os.closerange(20, 30_000)
    print("held" if error.errno == errno.EMFILE else f"refused by something else: {error}")
