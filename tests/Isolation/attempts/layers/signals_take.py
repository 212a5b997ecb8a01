import ctypes
import os
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN + 1])
libc = ctypes.CDLL(None, use_errno=True)
taken = 0
while taken < 100_000 and libc.sigqueue(os.getpid(), signal.SIGRTMIN + 1, ctypes.c_void_p(0)) == 0:
    taken += 1
print("taken", taken)
