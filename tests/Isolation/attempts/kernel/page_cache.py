import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(451), 0, ctypes.create_string_buffer(16), ctypes.create_string_buffer(40), 0)
if found >= 0:
    print("broken: it can be seen which shared files others use")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
