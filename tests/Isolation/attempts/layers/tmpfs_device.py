# as root
import os
import stat

os.mknod("/tmp/node", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
try:
    open("/tmp/node", "wb").close()
    print("broken: a device was opened on a file system in memory")
except PermissionError:
    print("held")
