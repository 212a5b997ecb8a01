import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(206), 1, ctypes.byref(ctypes.c_ulong()))
if found >= 0:
    print("broken: an aio context was made, of which the machine has few")
else:
    print("held" if ctypes.get_errno() == errno.ENOSYS else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
