import ctypes

libc = ctypes.CDLL(None, use_errno=True)
taken = 0
while libc.inotify_init1(0) >= 0 and taken < 15_000:
    taken += 1
print("taken", taken)
