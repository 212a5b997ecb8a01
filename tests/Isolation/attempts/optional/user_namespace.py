mapped = open("/proc/self/uid_map").readline().split()
print("held" if mapped[:2] == ["0", mapped[1]] and mapped[1] != "0" else f"broken: the map is {mapped}")
