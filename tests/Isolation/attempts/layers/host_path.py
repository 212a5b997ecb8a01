paths = {line.rstrip("\n").split(":", 2)[2] for line in open("/proc/self/cgroup")}
print("held" if paths <= {"/"} else f"broken: {max(paths, key=len)} is visible")
