import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmctl(libc.shmget(0x706F6C65, 4096, 0), 0, None)
print("removed")
