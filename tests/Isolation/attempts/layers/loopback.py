import os

names = sorted(os.listdir("/sys/class/net"))
print("held" if names == ["lo"] else f"broken: there are {names}")
