import ctypes

libc = ctypes.CDLL(None, use_errno=True)
segment = libc.shmget(0x706F6466, 4096, 0o1666)
print("made" if segment >= 0 else f"not made: {ctypes.get_errno()}")
