import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.shmget(0x706F6C65, 4096, 0)
print("broken: the segment of an earlier sandbox was found" if found >= 0 else "held" if ctypes.get_errno() == errno.ENOENT else f"refused by something else: {ctypes.get_errno()}")
