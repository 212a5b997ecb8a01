import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(ctypes.c_long(169), 0xfee1dead, 0x28121969, 0, None)
if found >= 0:
    print("broken: the machine can be restarted")
else:
    print("held" if ctypes.get_errno() == errno.EPERM else f"refused by something else: {errno.errorcode[ctypes.get_errno()]}")
