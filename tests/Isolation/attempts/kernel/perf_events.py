import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(298), ctypes.create_string_buffer(b"\x01\0\0\0\x80", 128), 0, -1, -1, 0)
if found >= 0:
    print("broken: events of the kernel are counted")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
