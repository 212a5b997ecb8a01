import os

opened = []
for name in ("mem", "kmem", "port", "kmsg", "sda", "vda", "nvme0n1", "loop0", "fuse", "net/tun", "kvm", "vsock", "vhost-vsock", "mapper/control", "rtc0", "watchdog"):
    try:
        os.close(os.open("/dev/" + name, os.O_RDONLY))
        opened.append(name)
    except OSError:
        pass
print(f"broken: {opened} can be opened" if opened else "held")
