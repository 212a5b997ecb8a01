# A descriptor that does not exist is not looked at.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
print("held" if libc.syncfs(-1) == 0 else "broken: every disk of the machine can be flushed")
