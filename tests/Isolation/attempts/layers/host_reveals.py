import os

paths = """/proc/interrupts /proc/cmdline /proc/config.gz /proc/diskstats /proc/locks /proc/partitions /proc/pressure /proc/buddyinfo /proc/zoneinfo /proc/slabinfo
/proc/modules /proc/kallsyms /proc/timer_list /proc/sched_debug /proc/kcore /proc/keys /sys/block /sys/firmware /sys/devices/virtual/powercap""".split()

def visible(path):
    try:
        return bool(os.listdir(path)) if os.path.isdir(path) else bool(open(path, "rb").read(1))
    except OSError:
        return False

found = [path for path in paths if visible(path)]
print(f"broken: {' '.join(found)} can be read" if found else "held")
