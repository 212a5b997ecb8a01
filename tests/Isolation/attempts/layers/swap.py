def number(*paths):
    for path in paths:
        try:
            text = open(path).read().split()[0]
        except OSError:
            continue
        return 1 << 62 if text == "max" else int(text)

limit = number("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
swap = number("/sys/fs/cgroup/memory.swap.max")
both = number("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes")
print("held" if swap == 0 or both == limit else f"broken: {swap if swap is not None else both - limit} bytes of swap on top of {limit}")
