import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(447), 0)
if found >= 0:
    print("broken: memory was made that the host cannot read")
else:
    print("held" if ctypes.get_errno() == errno.ENOSYS else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
