import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(159), ctypes.create_string_buffer(208))
if found >= 0:
    print("broken: the clock of the machine can be read and adjusted")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
