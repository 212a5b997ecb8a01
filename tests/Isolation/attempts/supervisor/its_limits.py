import resource

try:
    resource.prlimit(1, resource.RLIMIT_NOFILE, (3, 3))
    print("broken: the limits of process 1 were changed")
except PermissionError:
    print("held")
