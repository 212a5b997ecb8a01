dmesg >/dev/null 2>&1 && { echo "broken: messages of the kernel can be read"; exit; }
for file in /dev/kmsg /proc/kmsg /run/log /run/systemd/journal /var/log/journal; do
  head -c 1 "$file" >/dev/null 2>&1 && { echo "broken: $file can be read"; exit; }
done
echo held
