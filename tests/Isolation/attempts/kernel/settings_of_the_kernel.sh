for file in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/mm/transparent_hugepage/enabled /proc/sys/net/ipv4/ip_forward; do
  if (echo 1 >"$file") 2>/dev/null; then echo "broken: $file was written"; exit; fi
done
echo held
