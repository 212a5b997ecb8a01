import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(248), b"user", b"name", b"x", 1, -3)
if found >= 0:
    print("broken: a key was added to a keyring of the kernel")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
