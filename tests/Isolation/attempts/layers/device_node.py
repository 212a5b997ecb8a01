# as root
import os
import stat

try:
    os.mknod("/tmp/node", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    print("broken: a device node was made")
except PermissionError:
    print("held")
