for file in environ mem maps fd fdinfo root cwd exe stack syscall auxv map_files io; do
  if [ -d "/proc/1/$file" ]; then ls "/proc/1/$file/" >/dev/null 2>&1 && { echo "broken: /proc/1/$file can be listed"; exit; }
  else head -c 1 "/proc/1/$file" >/dev/null 2>&1 && { echo "broken: /proc/1/$file can be read"; exit; }; fi
done
echo held
