import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.semget(0x706F6466, 1, 0)
print("broken: the semaphore of a neighbour was found" if found >= 0 else "held" if ctypes.get_errno() == errno.ENOENT else f"refused by something else: {ctypes.get_errno()}")
