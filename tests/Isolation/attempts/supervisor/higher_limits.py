import resource

for name in ("NPROC", "NOFILE", "SIGPENDING", "CORE", "MSGQUEUE"):
    limit = getattr(resource, "RLIMIT_" + name)
    try:
        resource.setrlimit(limit, (resource.getrlimit(limit)[1] + 1,) * 2)
        print(f"broken: the limit {name} was raised")
        break
    except (ValueError, OSError):
        pass
else:
    print("held")
