import ctypes
import os
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN + 2])
libc = ctypes.CDLL(None, use_errno=True)
print("held" if libc.sigqueue(os.getpid(), signal.SIGRTMIN + 2, ctypes.c_void_p(0)) == 0 else "broken: a neighbour has taken all queued signals")
