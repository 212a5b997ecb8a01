label = open("/proc/self/attr/current").read().strip("\0\n")
print("held" if label and not label.startswith("unconfined") else f"broken: the label is {label!r}")
