print("broken: the names of a neighbour's sockets can be read" if "podflare-secret-name" in open("/proc/net/unix").read() else "held")
