import ctypes

libc = ctypes.CDLL(None, use_errno=True)
print("held" if libc.inotify_init1(0) >= 0 else f"broken: a neighbour has taken all inotify instances ({ctypes.get_errno()})")
