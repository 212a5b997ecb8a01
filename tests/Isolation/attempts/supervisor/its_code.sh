if (echo >>/podflare/guest/main.py) 2>/dev/null; then echo "broken: the guest was changed"; exit; fi
if touch /podflare/guest/x 2>/dev/null; then echo "broken: a file was added to the guest"; exit; fi
# Python executes these without a look at their sources.
cd /podflare/guest/podflare_guest/__pycache__ || { echo "broken: the guest has no bytecode"; exit; }
for file in *.pyc; do
  if (echo >>"$file") 2>/dev/null || cp /dev/null "$file" 2>/dev/null || rm -f "$file" 2>/dev/null || mv "$file" "$file.old" 2>/dev/null; then echo "broken: $file was changed"; exit; fi
done
if touch other.pyc 2>/dev/null || mkdir ../x 2>/dev/null || chmod a+w . 2>/dev/null || mount -o remount,rw /podflare/guest 2>/dev/null; then echo "broken: bytecode was added"; exit; fi
echo held
