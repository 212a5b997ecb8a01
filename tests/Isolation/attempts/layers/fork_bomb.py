import os
import signal

children = []
try:
    while len(children) < 300:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        children.append(pid)
    print("broken: 300 processes run")
except BlockingIOError:
    print("held" if len(children) < 128 else f"broken: {len(children)} processes run")
finally:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
