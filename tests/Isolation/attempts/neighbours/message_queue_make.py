import ctypes

libc = ctypes.CDLL(None, use_errno=True)
queue = libc.msgget(0x706F6466, 0o1666)
print("made" if queue >= 0 else f"not made: {ctypes.get_errno()}")
