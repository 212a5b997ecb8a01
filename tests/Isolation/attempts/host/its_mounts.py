# Sources of mounts name folders of the host only where it cannot be helped: those of the guest, its socket, and three files.
found = [line.split()[4] for line in open("/proc/self/mountinfo") if "/var/lib/docker/overlay2" in line.split(" - ")[0]]
print(f"broken: {found} show folders of the host" if found else "held")
