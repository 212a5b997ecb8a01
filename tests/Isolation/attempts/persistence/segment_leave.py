import ctypes

libc = ctypes.CDLL(None, use_errno=True)
segment = libc.shmget(0x706F6C65, 4096, 0o1666)
print("left" if segment >= 0 else f"not left: {ctypes.get_errno()}")
