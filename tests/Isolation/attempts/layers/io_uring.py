import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(425), ctypes.c_long(4), ctypes.create_string_buffer(120))
print("broken: io_uring was set up" if found >= 0 else "held" if ctypes.get_errno() == errno.ENOSYS else f"refused by something else: {ctypes.get_errno()}")
