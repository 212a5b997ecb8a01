import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(240), b"queue", 0o102, 0o600, None)
if found >= 0:
    print("broken: a message queue was made")
else:
    print("held" if ctypes.get_errno() == errno.ENOSYS else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
