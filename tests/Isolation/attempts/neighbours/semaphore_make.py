import ctypes

libc = ctypes.CDLL(None, use_errno=True)
semaphore = libc.semget(0x706F6466, 1, 0o1666)
print("made" if semaphore >= 0 else f"not made: {ctypes.get_errno()}")
