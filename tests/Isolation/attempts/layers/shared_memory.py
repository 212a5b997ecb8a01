import errno
import os

try:
    with open("/dev/shm/large", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 200 << 20)
    print("broken: 200 MiB of shared memory in a sandbox of 512 MiB")
except OSError as error:
    print("held" if error.errno == errno.ENOSPC else f"refused by something else: {error}")
finally:
    os.path.exists("/dev/shm/large") and os.unlink("/dev/shm/large")
