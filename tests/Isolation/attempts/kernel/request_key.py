import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(249), b"user", b"name", None, -3)
if found >= 0:
    print("broken: a key was asked for")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
