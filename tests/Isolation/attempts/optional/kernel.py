import os

messages = os.popen("dmesg 2>/dev/null").read()
print("held" if "gVisor" in messages else f"broken: the kernel is {os.uname().release}")
