"""What a program of the sandbox's user can do and see, layer by layer. Executed as that user; prints one JSON object: layer → [state, text].

The imports are those of a program, not of the guest: it is executed once, when a host starts.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys

OK, MISSING, UNKNOWN = "ok", "missing", "unknown"
_AF_VSOCK = 40
_UNLIMITED = 1 << 60
# Of the first namespaces, which the kernel makes when it starts.
_HOST_IPC = "ipc:[4026531839]"
_MASKED = (
    "/proc/interrupts", "/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/locks", "/proc/partitions", "/proc/pressure", "/proc/buddyinfo",
    "/proc/zoneinfo", "/proc/slabinfo", "/proc/modules", "/proc/kallsyms", "/sys/block", "/sys/devices/virtual/powercap",
)


def seccomp() -> tuple[str, str]:
    if _status("self").get("Seccomp") != "2":
        return MISSING, "no filter is loaded"
    try:
        socket.socket(_AF_VSOCK, socket.SOCK_STREAM).close()
    except OSError as error:
        return (OK, "") if error.errno == errno.EPERM else (MISSING, f"a vsock is refused with {error.strerror}, not by the filter")
    return MISSING, "a vsock can be created"


def capabilities() -> tuple[str, str]:
    held = _status("self").get("CapEff", "?").strip("0")
    return (OK, "") if not held else (MISSING, f"the user has capabilities {held}")


def no_new_privileges() -> tuple[str, str]:
    # The guest sets it for the user as well. Process 1 has it from the engine alone.
    return (OK, "") if _status("1").get("NoNewPrivs") == "1" else (MISSING, "process 1 may gain privileges")


def user() -> tuple[str, str]:
    wanted = int(sys.argv[1])
    return (OK, str(wanted)) if (os.getuid(), os.getgid()) == (wanted, wanted) and wanted > 1000 else (MISSING, f"the user is {os.getuid()}:{os.getgid()}")


def landlock() -> tuple[str, str]:
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(b"1000")
    except PermissionError:
        return OK, ""
    except OSError as error:
        return UNKNOWN, str(error.strerror)
    return MISSING, "the kernel has no Landlock, or it is not enabled: a program can make the kernel kill the supervisor first"


def readonly_root() -> tuple[str, str]:
    return (OK, "") if os.statvfs("/").f_flag & os.ST_RDONLY else (MISSING, "the root file system can be written")


def network() -> tuple[str, str]:
    others = [name for name in os.listdir("/sys/class/net") if name != "lo"]
    return (OK, "") if not others else (MISSING, f"there are the interfaces {' '.join(others)}")


def memory() -> tuple[str, str]:
    limit = _number("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
    if limit is None:
        return UNKNOWN, "the limit cannot be read"
    if limit >= _UNLIMITED:
        return MISSING, "there is no limit"
    if not _swap_of_machine():
        return OK, "the machine has no swap"
    swap = _number("/sys/fs/cgroup/memory.swap.max")
    both = _number("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes")
    return (OK, "") if swap == 0 or both == limit else (MISSING, "swap is not limited")


def pids() -> tuple[str, str]:
    limit = _number("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max")
    return (UNKNOWN, "the limit cannot be read") if limit is None else (OK, "") if limit < _UNLIMITED else (MISSING, "there is no limit")


def cpu() -> tuple[str, str]:
    quota = _number("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us")
    return (UNKNOWN, "the quota cannot be read") if quota is None else (OK, "") if 0 < quota < _UNLIMITED else (MISSING, "there is no quota")


def ipc() -> tuple[str, str]:
    return (OK, "") if os.readlink("/proc/self/ns/ipc") != _HOST_IPC else (MISSING, "System V objects are those of the host")


def cgroup() -> tuple[str, str]:
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        paths = {line.rstrip("\n").split(":", 2)[2] for line in file}
    return (OK, "") if paths <= {"/"} else (MISSING, f"the path {max(paths, key=len)} is visible")


def masked_paths() -> tuple[str, str]:
    visible = [path for path in _MASKED if _has_content(path)]
    return (OK, "") if not visible else (MISSING, f"{' '.join(visible)} can be read")


def mac() -> tuple[str, str]:
    try:
        with open("/proc/self/attr/current", encoding="utf-8", errors="replace") as file:
            label = file.read().strip("\0\n")
    except OSError:
        label = ""
    return (OK, label) if label and not label.startswith("unconfined") else (MISSING, "neither AppArmor nor SELinux confines sandboxes")


def userns() -> tuple[str, str]:
    with open("/proc/self/uid_map", encoding="utf-8") as file:
        first = file.readline().split()
    return (OK, "") if first != ["0", "0", "4294967295"] else (MISSING, "root of a container is root of the host")


def runtime() -> tuple[str, str]:
    # Whether this kernel is the host's is for the host to say.
    return UNKNOWN, os.uname().release


_CHECKS = (
    seccomp, capabilities, no_new_privileges, user, landlock, readonly_root, network, memory, pids, cpu, ipc, cgroup, masked_paths, mac, userns, runtime,
)


def _status(pid: str) -> dict[str, str]:
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def _number(*paths: str) -> int | None:
    """The first number of the first file that exists; a number without a meaning for `max`."""
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                first = file.read().split()[0]
        except (OSError, IndexError):
            continue
        return _UNLIMITED if first == "max" else int(first)
    return None


def _swap_of_machine() -> bool:
    with open("/proc/meminfo", encoding="utf-8") as file:
        return any(line.startswith("SwapTotal:") and line.split()[1] != "0" for line in file)


def _has_content(path: str) -> bool:
    try:
        if os.path.isdir(path):
            return bool(os.listdir(path))
        with open(path, "rb", buffering=0) as file:
            return bool(file.read(1))
    except OSError:
        return False


def main() -> None:
    found: dict[str, tuple[str, str]] = {}
    for check in _CHECKS:
        try:
            found[check.__name__] = check()
        except Exception as error:  # one that cannot be made says nothing about the others
            found[check.__name__] = UNKNOWN, f"{type(error).__name__}: {error}"
    print(json.dumps(found))


if __name__ == "__main__":
    main()
