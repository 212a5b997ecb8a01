import os

names = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
print("held" if len(names) < 20 and names[0] == 1 else f"broken: {len(names)} processes are visible")
