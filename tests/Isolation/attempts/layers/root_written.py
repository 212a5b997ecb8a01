# as root
import errno

try:
    open("/made", "w").close()
    print("broken: the root file system was written")
except OSError as error:
    print("held" if error.errno == errno.EROFS else f"refused by something else: {error}")
