import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(303), -100, b"/root", ctypes.create_string_buffer(b"\x80", 136), ctypes.byref(ctypes.c_int()), 0)
if found >= 0:
    print("broken: a handle was made that opens files by number")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
