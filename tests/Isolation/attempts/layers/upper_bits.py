# The filter compares 64 bits of an argument, and the kernel uses 32.
import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(41), ctypes.c_long(1 << 32 | 40), ctypes.c_long(1), ctypes.c_long(0))
if found >= 0:
    print("broken: a vsock was created by setting an upper bit of its family")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {ctypes.get_errno()}")
