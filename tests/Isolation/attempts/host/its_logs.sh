dmesg >/dev/null 2>&1 && { echo "broken: messages of the kernel can be read"; exit; }
[ -z "$(ls /var/log 2>/dev/null)" ] || find /var/log -type f -size +0 2>/dev/null | grep -q . && { echo "broken: there are logs"; exit; }
echo held
