try:
    open("/proc/1/mem", "rb")
    print("broken: the memory of process 1 can be read")
except PermissionError:
    print("held")
